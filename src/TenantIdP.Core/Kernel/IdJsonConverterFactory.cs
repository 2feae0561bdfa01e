using System.Text.Json;
using System.Text.Json.Serialization;

namespace TenantIdP.Core.Kernel;

/// <summary>Reads and writes every <see cref="Id{T}"/> as its public text.</summary>
public sealed class IdJsonConverterFactory : JsonConverterFactory
{
    public override bool CanConvert(Type typeToConvert) => typeToConvert.IsGenericType && typeToConvert.GetGenericTypeDefinition() == typeof(Id<>);

    public override JsonConverter CreateConverter(Type typeToConvert, JsonSerializerOptions options) =>
        (JsonConverter)Activator.CreateInstance(typeof(IdJsonConverter<>).MakeGenericType(typeToConvert.GetGenericArguments()))!; // a public parameterless constructor always yields an instance

    private sealed class IdJsonConverter<T> : JsonConverter<Id<T>> where T : IHasIdPrefix
    {
        public override Id<T> Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
            reader.TokenType == JsonTokenType.String && Id<T>.TryParse(reader.GetString(), out var id)
                ? id
                : throw new JsonException($"Expected an id of the form {T.IdPrefix}_ and 26 characters.");

        public override void Write(Utf8JsonWriter writer, Id<T> value, JsonSerializerOptions options) => writer.WriteStringValue(value.ToString());
    }
}
