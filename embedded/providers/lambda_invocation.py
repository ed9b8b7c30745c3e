"""Lambda permissions, event source mappings and asynchronous invocation settings."""

from typing import ClassVar

from embedded.providers.provider import NO_TAGS, Platform, Provider, Request, Resource


class Permission(Provider):
    """AWS::Lambda::Permission."""

    type = "AWS::Lambda::Permission"
    honoured = frozenset({"Action", "FunctionName", "Principal", "SourceArn", "SourceAccount"})
    updatable = honoured - {"FunctionName"}

    def create(self, platform: Platform, request: Request) -> Resource:
        """Adds the statement to the function's policy."""
        statement = request.name(64)
        platform.clients("lambda").add_permission(StatementId=statement, **request.chosen(*self.honoured))
        return Resource(statement, {"Id": statement})

    def update(self, platform: Platform, request: Request, resource: Resource) -> Resource:
        """Replaces the statement."""
        self.delete(platform, request, resource)
        return self.create(platform, request)

    def delete(self, platform: Platform, request: Request, resource: Resource) -> None:
        """Removes the statement from the function's policy."""
        lambda_ = platform.clients("lambda")
        try:
            lambda_.remove_permission(FunctionName=request.properties["FunctionName"], StatementId=resource.physical_id)
        except lambda_.exceptions.ResourceNotFoundException:  # deleted with its function
            return


class EventSourceMapping(Provider):
    """AWS::Lambda::EventSourceMapping of queues."""

    type = "AWS::Lambda::EventSourceMapping"
    honoured = frozenset({"EventSourceArn", "FunctionName", "BatchSize", "Enabled", "FunctionResponseTypes"})
    ignored: ClassVar[dict[str, str]] = {
        "MaximumBatchingWindowInSeconds": "a batch holds the messages that have arrived",
        "ScalingConfig": "one poller per mapping",
        "MetricsConfig": "metrics of mappings are not emulated",
        "Tags": NO_TAGS,
    }
    updatable = honoured - {"EventSourceArn"}

    def create(self, platform: Platform, request: Request) -> Resource:
        """Starts polling; Ref is the mapping's id."""
        arn = request.properties["EventSourceArn"]
        if ":sqs:" not in arn:
            raise request.error(f"EventSourceArn: only queues are supported, got {arn}")
        answer = platform.clients("lambda").create_event_source_mapping(**request.chosen(*self.honoured))
        return Resource(
            answer["UUID"], {"Id": answer["UUID"], "EventSourceMappingArn": answer["EventSourceMappingArn"]}
        )

    def update(self, platform: Platform, request: Request, resource: Resource) -> Resource:
        """Changes function, batch size, response types or whether it polls."""
        given = {"Enabled": True} | request.chosen(*(self.honoured - {"EventSourceArn"}))
        platform.clients("lambda").update_event_source_mapping(UUID=resource.physical_id, **given)
        return resource

    def delete(self, platform: Platform, request: Request, resource: Resource) -> None:
        """Ends polling."""
        platform.clients("lambda").delete_event_source_mapping(UUID=resource.physical_id)


class EventInvokeConfig(Provider):
    """AWS::Lambda::EventInvokeConfig."""

    type = "AWS::Lambda::EventInvokeConfig"
    honoured = frozenset({"FunctionName", "Qualifier", "MaximumRetryAttempts", "DestinationConfig"})
    ignored: ClassVar[dict[str, str]] = {"MaximumEventAgeInSeconds": "retries are over long before an event is old"}
    updatable = frozenset({"MaximumRetryAttempts", "DestinationConfig"})

    def create(self, platform: Platform, request: Request) -> Resource:
        """Sets how asynchronous invocations are retried."""
        if request.get("Qualifier", "$LATEST") != "$LATEST":
            raise request.error("Qualifier: versions and aliases are not supported")
        given = request.chosen("MaximumRetryAttempts", "DestinationConfig")
        name = request.properties["FunctionName"]
        platform.clients("lambda").put_function_event_invoke_config(FunctionName=name, **given)
        return Resource(request.name())

    def update(self, platform: Platform, request: Request, resource: Resource) -> Resource:
        """Replaces the settings."""
        self.delete(platform, request, resource)
        return self.create(platform, request)

    def delete(self, platform: Platform, request: Request, resource: Resource) -> None:
        """Restores the defaults."""
        platform.clients("lambda").delete_function_event_invoke_config(FunctionName=request.properties["FunctionName"])


PROVIDERS = (Permission, EventSourceMapping, EventInvokeConfig)
