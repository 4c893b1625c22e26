import pytest

from realtime.errors import UserError
from realtime.sources import devices, midi_system, portaudio
from realtime.sources.midi_system import MidiPorts
from realtime.sources.portaudio import AudioInput


def audio(index, name, api="ALSA", *, default=False):
    return AudioInput(index, name, api, 2, 48_000, default)


BUILT_IN = audio(0, "Built-in Microphone", default=True)
USB = audio(1, "USB Audio: - (hw:1,0)")
USB_PRO = audio(4, "USB Audio Pro: - (hw:2,0)")
INPUTS = [BUILT_IN, USB, USB_PRO]


@pytest.mark.parametrize(
    ("wanted", "chosen"),
    [
        (None, BUILT_IN),
        (1, USB),
        ("4", USB_PRO),
        ("built", BUILT_IN),
        ("PRO", USB_PRO),
        ("usb audio: - (hw:1,0)", USB),
    ],
)
def test_choose_input(wanted, chosen):
    assert devices.choose_input(wanted, INPUTS) is chosen


@pytest.mark.parametrize(
    ("wanted", "message"),
    [
        ("usb", "microphone 'usb' fits several; choose 1 'USB Audio: - (hw:1,0)' (ALSA), 4 'USB"),
        ("guitar", "no microphone fits 'guitar'; choose 0 'Built-in Microphone' (ALSA), 1 'USB"),
        (2, "no sound input has the index 2; choose 0 'Built-in"),
        ("7", "no sound input has the index 7; choose 0 'Built-in"),
        ("\x1b[2J", "no microphone fits '?[2J'; choose 0"),
    ],
)
def test_no_input_chosen(wanted, message):
    with pytest.raises(UserError) as caught:
        devices.choose_input(wanted, INPUTS)
    assert str(caught.value).startswith(message)


def test_no_inputs_at_all():
    with pytest.raises(UserError, match="no microphone"):
        devices.choose_input(None, [])


def test_no_default():
    assert devices.choose_input(None, [USB]) is USB
    with pytest.raises(UserError, match="choose one of 1 'USB"):
        devices.choose_input(None, [USB, USB_PRO])


def test_a_device_that_several_apis_show():
    shown = [audio(i, "Mic", api, default=i == 1) for i, api in enumerate(("MME", "WASAPI", "WDM"))]
    assert devices.choose_input("mic", shown) is shown[1]


def again(device, now, before=()):
    known = devices.KnownInput(device, before).again(now)
    return known and known.device


def test_an_input_that_is_known_again():
    moved = audio(3, "USB Audio: - (hw:2,0)")
    assert again(USB, [BUILT_IN, moved]) is moved
    assert again(USB, [moved, USB]) is USB
    assert again(USB, [BUILT_IN, USB_PRO]) is None
    assert again(USB, [audio(1, USB.name, "JACK")]) is None
    twins = [audio(2, "Mic"), audio(3, "Mic")]
    assert again(audio(3, "Mic"), twins) is twins[1]


def test_an_equal_input_that_was_there_all_along_is_not_taken_for_it():
    twin, third = audio(2, "USB Audio: - (hw:2,0)"), audio(3, "USB Audio: - (hw:3,0)")
    before = [BUILT_IN, USB, twin]
    assert again(USB, [BUILT_IN, twin], before) is None
    assert again(USB, [BUILT_IN, twin, third], before) is third
    back = devices.KnownInput(USB, before).again([BUILT_IN, twin, third])
    assert back.again([BUILT_IN, twin]) is None


ALSA = MidiPorts(
    "LINUX_ALSA",
    "ALSA",
    ("Midi Through:Midi Through Port-0 14:0", "Keys:Keys 20:0"),
    outputs=("Synth:Synth 21:0",),
)
JACK = MidiPorts("UNIX_JACK", "JACK", ("seq:out", "seq:other"))
JACK_KEYS = MidiPorts(
    "UNIX_JACK", "JACK", ("a2j:Midi Through [14] (capture): Midi Through Port-0", "system:keys")
)
BYSTANDERS = MidiPorts("LINUX_ALSA", "ALSA", ALSA.inputs[:1])
DOWN = MidiPorts("WINDOWS_MM", "WinMM", (), "not there")


@pytest.mark.parametrize(
    ("wanted", "systems", "chosen"),
    [
        (None, [DOWN, ALSA, JACK], ("LINUX_ALSA", "Keys:Keys 20:0")),
        (None, [BYSTANDERS, JACK_KEYS], ("UNIX_JACK", "system:keys")),
        ("key", [MidiPorts("MACOSX_CORE", "CoreMIDI", ("Key", "Key"))], ("MACOSX_CORE", "Key")),
        ("SEQ:OUT", [ALSA, JACK], ("UNIX_JACK", "seq:out")),
        ("seq:o", [MidiPorts("J", "J", ("seq:o", "seq:other"))], ("J", "seq:o")),
    ],
)
def test_choose_port(wanted, systems, chosen):
    assert devices.choose_port(wanted, systems) == chosen


@pytest.mark.parametrize(
    ("wanted", "systems", "message"),
    [
        (None, [DOWN], "there is no MIDI port; plug one in or start the program that has it, or"),
        (None, [JACK], "MIDI port: several; choose 'seq:out', 'seq:other'"),
        ("seq", [JACK], "MIDI port: 'seq' fits several; choose 'seq:out', 'seq:other'"),
        ("\a", [JACK], "no MIDI port fits '?'; choose 'seq:out', 'seq:other'"),
    ],
)
def test_no_port_chosen(wanted, systems, message):
    with pytest.raises(UserError) as caught:
        devices.choose_port(wanted, systems)
    assert str(caught.value).startswith(message)


def test_ports_that_nobody_plays_on_are_only_taken_by_name():
    message = r"there is no MIDI port; plug one in .*; taken only when named: 'Midi Through:"
    with pytest.raises(UserError, match=message):
        devices.choose_port(None, [BYSTANDERS])
    assert devices.choose_port("through", [BYSTANDERS]) == ("LINUX_ALSA", ALSA.inputs[0])


def test_choose_output():
    assert devices.choose_output("syn", "UNIX_JACK", ["synth", "other"]) == "synth"
    with pytest.raises(UserError, match="no MIDI output fits 'x'; choose 'synth'"):
        devices.choose_output("x", "UNIX_JACK", ["synth"])
    with pytest.raises(UserError, match="there is no MIDI output; plug one in"):
        devices.choose_output("x", "UNIX_JACK", [])


def test_list_devices(monkeypatch):
    monkeypatch.setattr(portaudio, "refresh", lambda: None)
    monkeypatch.setattr(portaudio, "inputs", lambda: INPUTS)
    monkeypatch.setattr(midi_system, "survey", lambda: [DOWN, ALSA])
    found = devices.list_devices()
    assert found.audio == tuple(INPUTS)
    assert found.midi == (DOWN, ALSA)
    assert found.port == "Keys:Keys 20:0"
    assert found.problems == ("WinMM MIDI: not there",)
    marked = [line for line in devices.lines(found) if line.startswith(" *")]
    assert [line.split()[1] for line in marked] == ["0", "Keys:Keys"]
    text = "\n".join(devices.lines(found))
    assert "\nMIDI outputs, for --through:\n   Synth:Synth 21:0  (ALSA)\n" in text


def test_a_port_that_is_only_taken_by_name_has_no_mark(monkeypatch):
    monkeypatch.setattr(devices, "inputs_anew", list)
    monkeypatch.setattr(midi_system, "survey", lambda: [BYSTANDERS])
    assert "*" not in "".join(devices.lines(devices.list_devices()))


def test_list_devices_without_libraries(monkeypatch):
    def missing():
        raise UserError("it is missing: install it")

    monkeypatch.setattr(portaudio, "load", missing)
    monkeypatch.setattr(midi_system, "_load", missing)
    found = devices.list_devices()
    assert (found.audio, found.midi, found.port) == ((), (), None)
    assert found.problems == ("it is missing: install it", "it is missing: install it")
