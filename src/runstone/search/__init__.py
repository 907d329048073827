"""Search over parameters: configurations, spaces, proposals, pruning and ranking.

Imports nothing of ours and knows no server: records are handed in as plain data, so that a server, a
folder without one and a notebook search alike. Optuna is loaded by the first proposal that needs it.

    config = parse({"method": "tpe", "metric": {"name": "loss"}, "parameters": {…}})
    proposals = Search(config).propose([Record(0, {"lr": 0.1}, "finished", values=(0.3,))], [1])
"""
