"""A depth field becomes Gaussians: where samples go, what each becomes, what lies behind them."""
