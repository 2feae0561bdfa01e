using TenantIdP.Scim;
using TenantIdP.Scim.Responses;
using TenantIdP.Scim.Schemas;

namespace TenantIdP.Server.Scim;

/// <summary>What the service says of itself (RFC 7644 section 4), and <c>/Me</c>.</summary>
internal static class DiscoveryEndpoints
{
    public static void MapDiscovery(this RouteGroupBuilder directory)
    {
        directory.MapGet("/ServiceProviderConfig", ServiceProviderConfigOf);
        directory.MapGet("/ResourceTypes", ResourceTypes);
        directory.MapGet("/ResourceTypes/{id}", ResourceType);
        directory.MapGet("/Schemas", Schemas);
        directory.MapGet("/Schemas/{id}", Schema);
        directory.MapMethods("/Me", ["GET", "POST", "PUT", "PATCH", "DELETE"], () => ScimAnswer.Of(ScimErrors.MeNotSupported()));
    }

    private static ScimAnswer ServiceProviderConfigOf(ScimRequest scim)
    {
        var config = new ServiceProviderConfig
        {
            AuthenticationSchemes =
            [
                new AuthenticationScheme("oauthbearertoken", "Bearer token", "A token of this directory in the header Authorization (RFC 6750).", Primary: true),
                new AuthenticationScheme("oauth2", "OAuth 2.0 client credentials", "An access token that an app asks for with the parameter organization, when the organization has granted the app directories:sync."),
            ],
            DefaultPageSize = ScimOptions.DefaultPageSize,
            MaxResults = ScimOptions.MaxPageSize,
            MaxBulkOperations = scim.Options.MaxBulkOperations,
            MaxBulkPayload = scim.Options.MaxBodyBytes,
            CursorTimeout = ScimOptions.CursorLifetime,
        };
        return ScimAnswer.Ok(json => config.Write(json, scim.BaseAddress));
    }

    private static ScimAnswer ResourceTypes(ScimRequest scim) =>
        Refuse(scim) ?? List(scim.Types, (json, type) => DiscoveryWriter.WriteResourceType(json, type, scim.BaseAddress));

    private static ScimAnswer ResourceType(string id, ScimRequest scim) => scim.Types.FirstOrDefault(t => t.Name == id) is { } type
        ? ScimAnswer.Ok(json => DiscoveryWriter.WriteResourceType(json, type, scim.BaseAddress))
        : ScimAnswer.Of(ScimErrors.NotFound("ResourceType", id));

    private static ScimAnswer Schemas(ScimRequest scim) =>
        Refuse(scim) ?? List(DiscoverySchemas.All(scim.Types), (json, schema) => DiscoveryWriter.WriteSchema(json, schema, scim.BaseAddress));

    /// <summary>URNs are compared whatever their case (RFC 8141 section 3.1).</summary>
    private static ScimAnswer Schema(string id, ScimRequest scim) => DiscoverySchemas.All(scim.Types).FirstOrDefault(s => s.Id.Equals(id, StringComparison.OrdinalIgnoreCase)) is { } schema
        ? ScimAnswer.Ok(json => DiscoveryWriter.WriteSchema(json, schema, scim.BaseAddress))
        : ScimAnswer.Of(ScimErrors.NotFound("Schema", id));

    /// <summary>RFC 7644 section 4: a filter is refused, and paging is not looked at.</summary>
    private static ScimAnswer? Refuse(ScimRequest scim) => scim.Http.Request.Query.ContainsKey("filter")
        ? ScimAnswer.Of(new ScimError(StatusCodes.Status403Forbidden, null, "Discovery has no filters."))
        : null;

    private static ScimAnswer List<T>(IReadOnlyList<T> all, Action<System.Text.Json.Utf8JsonWriter, T> write) => ScimAnswer.Ok(json =>
        ScimMessages.WriteList(json, new ListEnvelope(all.Count, all.Count, 1), to =>
        {
            foreach (var one in all) write(to, one);
        }));
}
