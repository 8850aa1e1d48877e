"""Commands on an account: workspaces, orders, policy, its state and its journal."""
