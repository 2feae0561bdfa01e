using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace TenantIdP.Core.Kernel;

/// <summary>What an application keeps with an object of ours: a small JSON object that we never read.</summary>
public sealed record Metadata
{
    public const int MaxBytes = 16 * 1024;
    public const int MaxKeys = 50;

    public static readonly Metadata Empty = new("{}");

    public static readonly Error Invalid = new(ErrorKind.Invalid, "metadata_invalid", "Metadata is a JSON object.", "metadata");
    public static readonly Error TooLarge = new(ErrorKind.Invalid, "metadata_too_large", $"Metadata has at most {MaxKeys} keys and {MaxBytes} bytes.", "metadata");

    private Metadata(string json) => Json = json;

    /// <summary>The object as text without white space.</summary>
    public string Json { get; }

    public override string ToString() => Json;

    /// <summary>What the store holds; it was judged when it was written.</summary>
    public static Metadata FromStore(string json) => json is "" or "{}" ? Empty : new Metadata(json);

    public JsonElement ToElement() => JsonElement.Parse(Json);

    /// <summary>Applies a merge patch (RFC 7396): null deletes a key; null itself, in place of an object, deletes all.</summary>
    public Result<Metadata> Merge(JsonElement patch)
    {
        if (patch.ValueKind == JsonValueKind.Null) return Empty;
        if (patch.ValueKind != JsonValueKind.Object) return Invalid;
        var target = JsonNode.Parse(Json)!.AsObject(); // an object, by every way of making one
        Merge(target, patch);
        if (target.Count > MaxKeys) return TooLarge;
        var json = target.ToJsonString();
        return Encoding.UTF8.GetByteCount(json) > MaxBytes ? TooLarge : FromStore(json);
    }

    private static void Merge(JsonObject target, JsonElement patch)
    {
        foreach (var member in patch.EnumerateObject())
        {
            if (member.Value.ValueKind == JsonValueKind.Null)
            {
                target.Remove(member.Name);
            }
            else if (member.Value.ValueKind == JsonValueKind.Object)
            {
                if (target[member.Name] is not JsonObject inner) target[member.Name] = inner = [];
                Merge(inner, member.Value);
            }
            else
            {
                target[member.Name] = JsonNode.Parse(member.Value.GetRawText());
            }
        }
    }
}
