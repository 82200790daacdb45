"""What must leave: deliveries and their attempts, claimed, settled and looked for."""
