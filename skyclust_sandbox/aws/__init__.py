"""The sandbox AWS: EC2, ELBv2, IAM and STS, by moto with what moto lacks added."""
