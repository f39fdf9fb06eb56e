"""Front Door on the stage: one HTTP address in front of both regions, as cheap as the load generator deserves."""
