using System.Text.Json;

namespace TenantIdP.Scim.Responses;

/// <summary>One way to authenticate (RFC 7643 5).</summary>
/// <param name="Type"><c>oauthbearertoken</c>, <c>oauth2</c>, …</param>
public sealed record AuthenticationScheme(string Type, string Name, string Description, bool Primary = false);

/// <summary>What the service can (RFC 7643 5, RFC 9865 4). Each property is what is done, not what is wished for.</summary>
public sealed record ServiceProviderConfig
{
    public required IReadOnlyList<AuthenticationScheme> AuthenticationSchemes { get; init; }

    /// <summary>The most that a page has.</summary>
    public required int MaxResults { get; init; }

    /// <summary>What a page has when <c>count</c> is not sent.</summary>
    public required int DefaultPageSize { get; init; }

    public Uri? DocumentationUri { get; init; }

    public bool Patch { get; init; } = true;

    public bool Filter { get; init; } = true;

    public bool Sort { get; init; } = true;

    public bool ETag { get; init; } = true;

    public bool ChangePassword { get; init; }

    /// <summary>0 where bulk requests are not supported.</summary>
    public int MaxBulkOperations { get; init; }

    /// <summary>Bytes.</summary>
    public int MaxBulkPayload { get; init; }

    /// <summary>Null where there are no cursors.</summary>
    public TimeSpan? CursorTimeout { get; init; }

    /// <param name="baseAddress">Of the service, without a slash at its end.</param>
    public void Write(Utf8JsonWriter json, string baseAddress)
    {
        json.WriteStartObject();
        ScimMessages.WriteSchemas(json, ScimUrns.ServiceProviderConfig);
        if (DocumentationUri is { } documentation) json.WriteString("documentationUri", documentation.AbsoluteUri);
        Support(json, "patch", Patch);
        json.WriteStartObject("bulk");
        json.WriteBoolean("supported", MaxBulkOperations > 0);
        json.WriteNumber("maxOperations", MaxBulkOperations);
        json.WriteNumber("maxPayloadSize", MaxBulkPayload);
        json.WriteEndObject();
        json.WriteStartObject("filter");
        json.WriteBoolean("supported", Filter);
        json.WriteNumber("maxResults", MaxResults);
        json.WriteEndObject();
        Support(json, "changePassword", ChangePassword);
        Support(json, "sort", Sort);
        Support(json, "etag", ETag);
        WritePagination(json);
        WriteSchemes(json);
        DiscoveryWriter.WriteMeta(json, "ServiceProviderConfig", $"{baseAddress}/ServiceProviderConfig");
        json.WriteEndObject();
    }

    private static void Support(Utf8JsonWriter json, string name, bool supported)
    {
        json.WriteStartObject(name);
        json.WriteBoolean("supported", supported);
        json.WriteEndObject();
    }

    private void WritePagination(Utf8JsonWriter json)
    {
        json.WriteStartObject("pagination");
        json.WriteBoolean("cursor", CursorTimeout is not null);
        json.WriteBoolean("index", true);
        json.WriteString("defaultPaginationMethod", "index");
        json.WriteNumber("defaultPageSize", DefaultPageSize);
        json.WriteNumber("maxPageSize", MaxResults);
        if (CursorTimeout is { } timeout) json.WriteNumber("cursorTimeout", (long)timeout.TotalSeconds);
        json.WriteEndObject();
    }

    private void WriteSchemes(Utf8JsonWriter json)
    {
        json.WriteStartArray("authenticationSchemes");
        foreach (var scheme in AuthenticationSchemes)
        {
            json.WriteStartObject();
            json.WriteString("type", scheme.Type);
            json.WriteString("name", scheme.Name);
            json.WriteString("description", scheme.Description);
            json.WriteBoolean("primary", scheme.Primary);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }
}
