"""An outsider who has only the published files of two editions, and the layout of the tables behind them: no count and no code of the project."""
