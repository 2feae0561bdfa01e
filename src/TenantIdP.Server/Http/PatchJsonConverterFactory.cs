using System.Text.Json;
using System.Text.Json.Serialization;
using TenantIdP.Core.Kernel;

namespace TenantIdP.Server.Http;

/// <summary>Reads <see cref="Patch{T}"/> members: one that is there (null too) becomes present, one that is not stays default.</summary>
internal sealed class PatchJsonConverterFactory : JsonConverterFactory
{
    public override bool CanConvert(Type typeToConvert) => typeToConvert.IsGenericType && typeToConvert.GetGenericTypeDefinition() == typeof(Patch<>);

    public override JsonConverter CreateConverter(Type typeToConvert, JsonSerializerOptions options) =>
        (JsonConverter)Activator.CreateInstance(typeof(PatchJsonConverter<>).MakeGenericType(typeToConvert.GetGenericArguments()))!; // a public parameterless constructor always yields an instance

    private sealed class PatchJsonConverter<T> : JsonConverter<Patch<T>>
    {
        public override bool HandleNull => true;

        // A member whose type has no null (a flag) can't be deleted: the serializer refuses it as a value of the wrong type.
        public override Patch<T> Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) => new(JsonSerializer.Deserialize<T>(ref reader, options));

        public override void Write(Utf8JsonWriter writer, Patch<T> value, JsonSerializerOptions options) => JsonSerializer.Serialize(writer, value.Value, options);
    }
}
