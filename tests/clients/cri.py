"""cri.py SOCKET METHOD [REQUEST]: one call of a container engine's CRI, as the kubelet makes it: the request as JSON, the answer as JSON
on stdout. An error of the engine goes to stderr, status 1. Debian has no such client. cri_pb2 is protoc's output for cri.proto."""

import sys

import grpc
from google.protobuf import json_format, symbol_database

import cri_pb2

socket, name = sys.argv[1:3]
text = sys.argv[3] if len(sys.argv) > 3 else "{}"
method = cri_pb2.DESCRIPTOR.services_by_name["RuntimeService"].methods_by_name[name]
message_class = symbol_database.Default().GetSymbol
request = json_format.Parse(text, message_class(method.input_type.full_name)())
with grpc.insecure_channel(f"unix://{socket}") as channel:
    call = channel.unary_unary(
        f"/runtime.v1.RuntimeService/{name}",
        request_serializer=lambda message: message.SerializeToString(),
        response_deserializer=message_class(method.output_type.full_name).FromString,
    )
    try:
        answer = call(request, timeout=50)
    except grpc.RpcError as error:
        sys.exit(f"{name}: {error.details()}")
print(json_format.MessageToJson(answer, including_default_value_fields=True, preserving_proto_field_name=True, indent=None))
