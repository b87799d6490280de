# How the key is named to what it encrypts.

output "arn" {
  description = "ARN of the key."
  value       = aws_kms_key.this.arn
}
