"""Service Bus on the stage: a process per namespace that speaks AMQP 1.0, and Microsoft.ServiceBus in ARM."""
