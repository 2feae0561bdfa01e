using System.ComponentModel.DataAnnotations;
using System.Text.Json;
using System.Text.Json.Nodes;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Organizations;
using TenantIdP.Server.Management;

namespace TenantIdP.Server.Configuration;

/// <summary>The words and the properties of one kind. A property of the API becomes one of the document by one line here.</summary>
/// <param name="Section">The key of its map in the document.</param>
/// <param name="Noun">In a plan.</param>
/// <param name="ToKey">The form of a key that is compared; null when it is none.</param>
internal sealed record ConfigSchema(string Section, string Noun, Func<string, string?> ToKey, IReadOnlyList<ConfigProperty> Properties)
{
    public ConfigProperty? Secret => Properties.FirstOrDefault(p => p.Is(PropertyTraits.Secret));
}

/// <param name="Seen">Null for a new one.</param>
/// <param name="Patch">What of it changes; of a new one all that the file says.</param>
/// <param name="SetsSecret">The secret differs, or there is none yet.</param>
internal sealed record ConfigEdit(ConfigItem Wanted, ConfigItem? Seen, JsonObject Patch, bool SetsSecret);

/// <summary>Reads and writes one kind through the same use cases as the management API, with the same requests.</summary>
internal abstract class ConfigKind
{
    public abstract ConfigSchema Schema { get; }

    public abstract Task<IReadOnlyList<ConfigItem>> ReadAsync(Id<Organization> owner, CancellationToken ct);

    public abstract Task<Result> CreateAsync(Id<Organization> owner, ConfigEdit edit, CancellationToken ct);

    public abstract Task<Result> UpdateAsync(Id<Organization> owner, ConfigItem seen, ConfigEdit edit, CancellationToken ct);

    public abstract Task<Result> DeleteAsync(Id<Organization> owner, ConfigItem seen, CancellationToken ct);

    public virtual Task<bool> HasSecretAsync(Id<Organization> owner, ConfigItem seen, string secret, CancellationToken ct) => Task.FromResult(true);

    /// <summary>What no use case could do, said before anything is done.</summary>
    public virtual string? Objection(ConfigItem wanted, IReadOnlyList<PropertyChange> changes) => null;

    /// <summary>The order in which they are made; they are deleted the other way round.</summary>
    public virtual IEnumerable<ConfigItem> InOrder(IReadOnlyCollection<ConfigItem> items) => items;

    /// <summary>What of the store's object an export says.</summary>
    public virtual JsonObject ToExport(string owner, ConfigItem seen) => seen.Values.DeepClone().AsObject();
}

/// <summary>Between the values of a document and the records of the API.</summary>
internal static class ConfigJson
{
    private static readonly JsonSerializerOptions Options = MakeOptions();

    public static JsonObject Of(object response) => JsonSerializer.SerializeToNode(response, Options)!.AsObject(); // a record is an object

    public static string[] ToTexts<T>() where T : struct, Enum => [.. Enum.GetValues<T>().Select(v => JsonSerializer.SerializeToNode(v, Options)!.GetValue<string>())]; // enums are written as text

    public static JsonNode? ToNode<T>(T value) => JsonSerializer.SerializeToNode(value, Options);

    /// <summary>The request, judged as the API judges it before its use case.</summary>
    public static Result<T> To<T>(JsonObject values) where T : notnull
    {
        T? request;
        try
        {
            request = values.Deserialize<T>(Options);
        }
        catch (JsonException broken)
        {
            return Invalid($"The value at {Terminal.Escape(broken.Path ?? "$")} has the wrong type.");
        }

        if (request is null) return Invalid("There is nothing here.");
        var found = new List<ValidationResult>();
        return Validator.TryValidateObject(request, new ValidationContext(request), found, validateAllProperties: true) ? request : Invalid(found[0].ErrorMessage ?? "A value is invalid.");
    }

    /// <summary>Every item of a list that the API gives in pages.</summary>
    public static async Task<IReadOnlyList<T>> AllAsync<T>(Func<PageRequest, Task<Result<Page<T>>>> list)
    {
        var (all, after) = (new List<T>(), (string?)null);
        do
        {
            var page = await list(new PageRequest(PageRequest.MaxLimit, after));
            if (!page.IsOk) throw new InvalidOperationException(page.Error.Message); // our own cursor
            all.AddRange(page.Value.Items);
            after = page.Value.Next;
        }
        while (after is not null);
        return all;
    }

    private static Error Invalid(string message) => new(ErrorKind.Invalid, "config_value_invalid", message);

    private static JsonSerializerOptions MakeOptions()
    {
        var options = new JsonSerializerOptions(JsonSerializerDefaults.Web);
        ManagementEndpoints.Configure(options);
        options.MaxDepth = 64; // metadata is one level deeper here than in a request
        return options;
    }
}
