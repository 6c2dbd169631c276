"""Remember: Parquet and nothing else."""
