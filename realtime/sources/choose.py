"""The sources that a command line asks for."""

from __future__ import annotations

from argparse import Namespace

from realtime.errors import UserError
from realtime.sources import Source


def choose(args: Namespace) -> tuple[list[Source], list[str]]:
    """The sources asked for, and what is wrong with those that cannot be had.

    Args:
        args: The command line's options.

    Raises:
        UserError: None is asked for, or an option of it makes no sense.
    """
    if args.file:
        from realtime.sources.open import open_file

        sources: list[Source] = []
        failures = []
        for path in args.file:
            try:
                sources.append(open_file(path))
            except UserError as error:
                failures.append(str(error))
        return sources, failures
    if args.source is not None:
        from realtime.plugins import made

        return [made("realtime.sources", args.source)], []
    if args.mic is not None:
        from realtime.sources.microphone import Microphone

        channel = args.channel if args.channel == "mix" else _channel(args.channel)
        return [
            Microphone(
                args.mic or None, channel=channel, exit_on_disconnect=args.exit_on_disconnect
            )
        ], []
    if args.midi_port is None and args.midi_virtual is None:
        raise UserError("say what to listen to: --mic, --midi-port or --file; see --help")
    from realtime.sources.midi_port import MidiPort

    return [
        MidiPort(
            args.midi_port or None,
            api=args.midi_api,
            virtual=args.midi_virtual,
            through=args.through,
            exit_on_disconnect=args.exit_on_disconnect,
        )
    ], []


def _channel(text: str) -> int:
    if not text.isdecimal() or len(text) > 4 or int(text) < 1:
        raise UserError(f"--channel {text}: a number from 1, or mix")
    return int(text)
