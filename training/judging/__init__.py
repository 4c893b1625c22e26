"""How the models do where a person plays: other conditions, less time, a change of instrument.

Everything here runs model folders through ``realtime``, as ``rt-classify`` does.
"""
