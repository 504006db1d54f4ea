"""The server under twice the load it can take, while its endpoints die, hang, slow down, lie and come back.

`run.py` is the whole test in order, `verdict.py` what it must show.
"""
