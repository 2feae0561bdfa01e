using System.Text.Json;
using System.Text.Json.Serialization;

namespace TenantIdP.Server.Http;

/// <summary>Reads lists whose elements are never null; the serializer itself lets null elements through whatever the type says.</summary>
internal sealed class ListJsonConverterFactory : JsonConverterFactory
{
    public override bool CanConvert(Type typeToConvert) =>
        typeToConvert.IsGenericType && typeToConvert.GetGenericTypeDefinition() == typeof(IReadOnlyList<>) && !typeToConvert.GetGenericArguments()[0].IsValueType;

    public override JsonConverter CreateConverter(Type typeToConvert, JsonSerializerOptions options) =>
        (JsonConverter)Activator.CreateInstance(typeof(ListConverter<>).MakeGenericType(typeToConvert.GetGenericArguments()))!; // a public parameterless constructor always yields an instance

    private sealed class ListConverter<T> : JsonConverter<IReadOnlyList<T>> where T : class
    {
        public override IReadOnlyList<T>? Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
        {
            var list = JsonSerializer.Deserialize<List<T?>>(ref reader, options);
            if (list is null) return null;
            return list.Contains(null) ? throw new JsonException("A list holds no null.") : [.. list.OfType<T>()];
        }

        public override void Write(Utf8JsonWriter writer, IReadOnlyList<T> value, JsonSerializerOptions options) => JsonSerializer.Serialize(writer, value.ToArray(), options);
    }
}
