using TenantIdP.Scim;
using TenantIdP.Scim.Lists;
using TenantIdP.Scim.Responses;

namespace TenantIdP.Server.Scim;

/// <summary>The addresses of a type of resource: alike for each of them.</summary>
internal static class ResourceEndpoints
{
    private const string Search = "/.search";

    /// <param name="endpoint">Such as <c>/Users</c>.</param>
    public static void MapResources<T>(this RouteGroupBuilder directory, string endpoint) where T : ScimResources
    {
        var resources = directory.MapGroup(endpoint);
        resources.MapGet("", (ScimRequest scim, TimeProvider clock, CancellationToken ct) => ListAsync(Of<T>(scim), ListParameters.FromQuery(Query(scim)), scim, clock, ct));
        resources.MapPost(Search, async (ScimRequest scim, TimeProvider clock, CancellationToken ct) => await ListAsync(Of<T>(scim), await SearchAsync(scim, ct), scim, clock, ct));
        resources.MapPost("", async (ScimRequest scim, CancellationToken ct) => await WriteAsync(Of<T>(scim), scim, (body, shown) => Of<T>(scim).CreateAsync(body, shown, ct), ct));
        resources.MapGet("/{id}", (string id, ScimRequest scim, CancellationToken ct) => ShowAsync(Of<T>(scim), scim, shown => Of<T>(scim).FindAsync(id, scim.IfNoneMatch, shown, ct)));
        resources.MapPut("/{id}", (string id, ScimRequest scim, CancellationToken ct) => WriteAsync(Of<T>(scim), scim, (body, shown) => Of<T>(scim).ReplaceAsync(id, body, scim.IfMatch, shown, ct), ct));
        resources.MapPatch("/{id}", (string id, ScimRequest scim, CancellationToken ct) => WriteAsync(Of<T>(scim), scim, (body, shown) => Of<T>(scim).PatchAsync(id, body, scim.IfMatch, shown, ct), ct));
        resources.MapDelete("/{id}", (string id, ScimRequest scim, CancellationToken ct) => Of<T>(scim).DeleteAsync(id, scim.IfMatch, ct));
    }

    // Of the request and not a parameter of the handlers: the framework's analyzer of route handlers does not bear generic ones.
    private static ScimResources Of<T>(ScimRequest scim) where T : ScimResources => scim.Http.RequestServices.GetRequiredService<T>();

    /// <summary>A search over all types (RFC 7644 3.4.3): one type after the other, by index.</summary>
    public static void MapSearchOfAll(this RouteGroupBuilder directory) => directory.MapPost(
        Search, async (IEnumerable<ScimResources> types, ScimRequest scim, TimeProvider clock, CancellationToken ct) =>
        {
            var sent = await SearchAsync(scim, ct);
            return sent.IsOk ? await SearchOfAll.RunAsync([.. types], sent.Value, clock.GetUtcNow(), ct) : ScimAnswer.Of(sent.Error);
        });

    internal static void WriteResources(System.Text.Json.Utf8JsonWriter json, ScimResources type, ScimPage page, Projection shown)
    {
        foreach (var resource in page.Resources) ResourceWriter.Write(json, resource, type.Type, shown);
    }

    private static async Task<ScimAnswer> ListAsync(ScimResources type, ScimResult<ListParameters> sent, ScimRequest scim, TimeProvider clock, CancellationToken ct)
    {
        if (!sent.IsOk) return ScimAnswer.Of(sent.Error);
        var now = clock.GetUtcNow();
        var query = ListQuery.Parse(sent.Value, type.Type, ScimOptions.Lists, now);
        if (!query.IsOk) return ScimAnswer.Of(query.Error);
        var page = await type.ListAsync(query.Value, ct);
        if (!page.IsOk) return ScimAnswer.Of(page.Error);
        var (start, next) = (query.Value.Page is IndexPage index ? index.StartIndex : (long?)null, page.Value.Next is { } position ? query.Value.NextCursor(position, now) : null);
        var envelope = new ListEnvelope(page.Value.Total, page.Value.Resources.Count, start, next);
        return ScimAnswer.Ok(json => ScimMessages.WriteList(json, envelope, to => WriteResources(to, type, page.Value, query.Value.Projection)));
    }

    private static async Task<ScimAnswer> WriteAsync(ScimResources type, ScimRequest scim, Func<ReadOnlyMemory<byte>, Projection, Task<ScimAnswer>> write, CancellationToken ct)
    {
        var body = await scim.ReadBodyAsync(ct);
        return body.IsOk ? await ShowAsync(type, scim, shown => write(body.Value, shown)) : ScimAnswer.Of(body.Error);
    }

    private static async Task<ScimAnswer> ShowAsync(ScimResources type, ScimRequest scim, Func<Projection, Task<ScimAnswer>> show)
    {
        var sent = ListParameters.FromQuery(Query(scim));
        if (!sent.IsOk) return ScimAnswer.Of(sent.Error);
        var shown = Projection.Parse(sent.Value.Attributes, sent.Value.ExcludedAttributes, type.Type);
        return shown.IsOk ? await show(shown.Value) : ScimAnswer.Of(shown.Error);
    }

    private static async Task<ScimResult<ListParameters>> SearchAsync(ScimRequest scim, CancellationToken ct)
    {
        var body = await scim.ReadBodyAsync(ct);
        return body.IsOk ? ListParameters.FromSearch(body.Value, scim.Options.MaxBodyBytes) : body.Error;
    }

    private static IEnumerable<KeyValuePair<string, string?>> Query(ScimRequest scim) => scim.Http.Request.Query.SelectMany(p => p.Value, (p, value) => new KeyValuePair<string, string?>(p.Key, value));
}
