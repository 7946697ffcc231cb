"""The forecast of daily costs: models, their backtest, bands, and the total of a month."""
