# The orders table.

output "table_name" {
  description = "Name of the table."
  value       = aws_dynamodb_table.orders.name
}

output "table_arn" {
  description = "ARN of the table."
  value       = aws_dynamodb_table.orders.arn
}

output "stream_arn" {
  description = "ARN of the table's stream, with new images; null without a stream."
  value       = var.stream ? aws_dynamodb_table.orders.stream_arn : null
}
