"""Callbacks and loggers of common libraries, over `runstone.init` and `run.log`; one module each.

    from runstone.integrations.xgboost import RunstoneCallback

Importing one imports its library, which must be installed; `import runstone` imports none. Each takes
the run to log to, or logs to the one that is current.
"""
