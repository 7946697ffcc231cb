"""The sandbox AWS: EC2, Elastic Load Balancing, IAM and STS; moto, with its gaps filled."""
