"""The prober: asks every watch on an absolute schedule, in a process of its own, and writes down what came back.

`python -m firedrill.engine.prober CONFIG.json`. It computes nothing and judges nothing; what an answer that came late
means is decided in `firedrill.analysis`. Its parts: `pacer` and `burst` say when to ask (pure), `call` asks once,
`series` is one watch over one connection, `record` and `tee` write, `witness` reads what is stored when all is over.
"""
