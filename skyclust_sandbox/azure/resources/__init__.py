"""The sandbox of Microsoft.Resources: subscriptions and resource groups."""
