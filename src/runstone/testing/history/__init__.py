"""What every history store must do: see `suite`."""
