using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Http.Json;
using Microsoft.Extensions.Options;
using TenantIdP.Core.Kernel;

namespace TenantIdP.Server.Http;

/// <summary>
/// <c>fields=id,displayName</c>: the items of a list come with these of their members and no others. What is chosen is known before the list is read, so that a wrong name costs
/// nothing; what is not chosen is not even written.
/// </summary>
internal sealed record FieldChoice(IReadOnlySet<string> Names)
{
    public const string Parameter = "fields";

    /// <summary>The member of an answer that holds the items.</summary>
    private const string Items = "data";

    private const int MaxLength = 1_000;

    /// <summary>The message for the document; an answer names the member.</summary>
    public static readonly Error Unknown = Missing("x");

    public static Result Read<TItem>(string? fields, HttpContext context)
    {
        if (fields is null) return Result.Ok;
        var known = JsonOf(context).GetTypeInfo(typeof(TItem)).Properties.Select(p => p.Name).ToHashSet(StringComparer.Ordinal);
        if (fields.Length > MaxLength) return Missing("");
        var names = fields.Split(',', StringSplitOptions.TrimEntries);
        if (names.FirstOrDefault(name => !known.Contains(name)) is { } missing) return Missing(missing);
        context.Features.Set(new FieldChoice(names.ToHashSet(StringComparer.Ordinal)));
        return Result.Ok;
    }

    /// <summary>Writes what was chosen, where something was; other answers, problems among them, go as they are.</summary>
    public static async ValueTask<object?> TrimAsync(EndpointFilterInvocationContext context, EndpointFilterDelegate next)
    {
        var result = await next(context);
        if (context.HttpContext.Features.Get<FieldChoice>() is not { } choice) return result;
        var inner = result is INestedHttpResult nested ? nested.Result : result;
        return inner is IValueHttpResult { Value: { } value } and IStatusCodeHttpResult { StatusCode: StatusCodes.Status200OK } ? new Trimmed(value, choice) : result;
    }

    // The name is the caller's own text and may be anything.
    private static Error Missing(string name) =>
        new(ErrorKind.Invalid, "field_unknown", $"The items of this list have no member '{(name.Length <= 40 && name.All(char.IsAsciiLetterOrDigit) ? name : "")}'.", Parameter);

    private static JsonSerializerOptions JsonOf(HttpContext context) => context.RequestServices.GetRequiredService<IOptions<JsonOptions>>().Value.SerializerOptions;

    private sealed class Trimmed(object value, FieldChoice choice) : IResult
    {
        public async Task ExecuteAsync(HttpContext httpContext)
        {
            var json = JsonOf(httpContext);
            httpContext.Response.ContentType = "application/json; charset=utf-8";
            await using (var writer = new Utf8JsonWriter(httpContext.Response.BodyWriter, new JsonWriterOptions { Encoder = json.Encoder }))
            {
                Write(writer, json.GetTypeInfo(value.GetType()), value, json, member => member != Items, null);
            }

            await httpContext.Response.BodyWriter.FlushAsync(httpContext.RequestAborted);
        }

        /// <param name="isWhole">Whether a member is written as it is; otherwise it is the list.</param>
        private void Write(Utf8JsonWriter writer, JsonTypeInfo type, object of, JsonSerializerOptions json, Func<string, bool> isWhole, IReadOnlySet<string>? only)
        {
            writer.WriteStartObject();
            foreach (var member in type.Properties.Where(p => p.Get is not null && (only is null || only.Contains(p.Name))))
            {
                writer.WritePropertyName(member.Name);
                var found = member.Get!(of); // filtered just now
                if (isWhole(member.Name))
                {
                    JsonSerializer.Serialize(writer, found, json.GetTypeInfo(member.PropertyType));
                    continue;
                }

                writer.WriteStartArray();
                foreach (var item in (System.Collections.IEnumerable)found!) Write(writer, json.GetTypeInfo(item.GetType()), item, json, _ => true, choice.Names); // a list is never null
                writer.WriteEndArray();
            }

            writer.WriteEndObject();
        }
    }
}
