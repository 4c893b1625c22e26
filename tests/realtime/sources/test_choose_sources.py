"""What a command line says reaches the sources."""

from realtime import commandline
from realtime.sources.choose import choose


def chosen(*argv):
    (source,), failures = choose(commandline.parser().parse_args(argv))
    assert failures == []
    return source


def test_a_microphone(sd):
    sd.plug("other")
    device = sd.plug("usb")
    with chosen("--mic", "usb", "--channel", "2", "--exit-on-disconnect") as source:
        assert (source.name, source.mixed) == ("usb", 1)
        sd.streams[0].feed([[1.0, 0.5]] * 9)
        assert source.clipped == 0, "only the second is heard"
        sd.unplug(device)
        *_, told = source
    assert (told.kind, told.text) == ("disconnected", "usb is gone")


def test_the_default_microphone(sd):
    sd.plug("usb", channels=4)
    with chosen("--mic") as source:
        assert (source.name, source.channels, source.mixed) == ("usb", 4, 4)


def test_a_port(midi):
    midi.ports.append("pads")
    argv = ("--midi-port", "pad", "--midi-api", "jack", "--through", "syn", "--exit-on-disconnect")
    with chosen(*argv) as source:
        assert (source.name, midi.only) == ("pads", "jack")
        assert [port.name for port in midi.outputs] == ["synth"]
        midi.ports.clear()
        *_, told = source
    assert (told.kind, told.text) == ("disconnected", "pads is gone")


def test_a_virtual_port(midi):
    with chosen("--midi-virtual", "ear", "--midi-api", "jack", "--through", "synth") as source:
        assert (source.name, midi.only) == ("ear", "jack")
        assert [(port.name, port.virtual) for port in midi.inputs] == [("ear", True)]
        assert [port.name for port in midi.outputs] == ["synth"]
