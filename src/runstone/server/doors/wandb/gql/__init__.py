"""GraphQL for the wandb door: the schema put together, documents checked once, requests answered."""
