using Microsoft.AspNetCore.Http.Features;
using Microsoft.Net.Http.Headers;
using TenantIdP.Core.Directories;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Organizations;
using TenantIdP.Core.Tokens;
using TenantIdP.Scim;
using TenantIdP.Scim.Responses;
using TenantIdP.Scim.Schemas;
using TenantIdP.Scim.Values;
using TenantIdP.Server.Http;

namespace TenantIdP.Server.Scim;

/// <summary>The request of a directory that was let in, for the endpoint that runs. One for a request; empty before it was let in.</summary>
internal sealed class ScimRequest(IssuerOptions issuer, ScimOptions options)
{
    private OrganizationDirectory? directory;
    private HttpContext? http;
    private ScimResourceType? users;

    /// <summary>Whether a token has said whose request it is. It may be refused all the same.</summary>
    public bool IsKnown => directory is not null;

    public OrganizationDirectory Directory => directory ?? throw new InvalidOperationException("Nobody was let in.");

    public Id<Organization> Organization => Directory.OrganizationId;

    public HttpContext Http => http ?? throw new InvalidOperationException("Nobody was let in.");

    /// <summary>Of the directory's service, without a slash at its end.</summary>
    public string BaseAddress => BaseAddressOf(issuer, Directory.Id);

    /// <summary>What users are in this directory.</summary>
    public ScimResourceType Users => users ??= UserTypes.Of(Directory);

    /// <summary>What groups are in this directory.</summary>
    public ScimResourceType Groups { get; } = ScimResourceType.Group;

    /// <summary>All of them, as discovery lists them.</summary>
    public IReadOnlyList<ScimResourceType> Types => [Users, Groups];

    public ScimOptions Options => options;

    /// <summary>The body, once it was read; for the log.</summary>
    public ReadOnlyMemory<byte> Body { get; private set; }

    public string? IfMatch => Header(HeaderNames.IfMatch);

    public string? IfNoneMatch => Header(HeaderNames.IfNoneMatch);

    public static string BaseAddressOf(IssuerOptions issuer, Id<OrganizationDirectory> directory) => $"{issuer.Issuer}{ScimEndpoints.Path}/{directory}";

    /// <summary>The absolute address of a resource.</summary>
    public string AddressOf(ScimResourceType type, string id) => $"{BaseAddress}{type.Endpoint}/{id}";

    /// <summary>A resource's <c>meta</c>. Times are whole milliseconds, so that an answer to a change and a later read say the same on every store.</summary>
    public ComplexValue MetaOf(ScimResourceType type, string id, DateTimeOffset created, DateTimeOffset changed, int version) =>
        ResourceWriter.Meta(type, Whole(created), Whole(changed), AddressOf(type, id), ETags.Of(version));

    private static DateTimeOffset Whole(DateTimeOffset time) => time.AddTicks(-(time.Ticks % TimeSpan.TicksPerMillisecond));

    internal void IsOf(OrganizationDirectory admitted, HttpContext context) => (directory, http, users) = (admitted, context, null);

    /// <summary>The body, of at most <see cref="ScimOptions.MaxBodyBytes"/>: 413 beyond that, 415 when it is no JSON by its type, 400 when it breaks off.</summary>
    public async Task<ScimResult<ReadOnlyMemory<byte>>> ReadBodyAsync(CancellationToken ct)
    {
        var request = Http.Request;
        if (!IsJson(request.ContentType)) return new ScimError(StatusCodes.Status415UnsupportedMediaType, null, "Send application/scim+json or application/json.");
        // What is left of a refused body is read, so that a client that is still sending gets the answer.
        if (Http.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } limit) limit.MaxRequestBodySize = options.MaxBodyBytes + RequestLimits.MaxDrained;
        if (request.ContentLength > options.MaxBodyBytes) return ScimErrors.PayloadTooLarge(options.MaxBodyBytes);
        var body = new MemoryStream((int)(request.ContentLength ?? 0));
        try
        {
            var part = new byte[16 * 1024];
            for (int read; (read = await request.Body.ReadAsync(part, ct)) > 0;)
            {
                if (body.Length + read > options.MaxBodyBytes) return ScimErrors.PayloadTooLarge(options.MaxBodyBytes);
                body.Write(part, 0, read);
            }
        }
        catch (BadHttpRequestException refused)
        {
            return new ScimError(refused.StatusCode, refused.StatusCode == StatusCodes.Status400BadRequest ? ScimTypes.InvalidSyntax : null, "The body could not be read to its end.");
        }

        Body = body.GetBuffer().AsMemory(0, (int)body.Length);
        return Body;
    }

    /// <summary>Some clients send none; whatever calls itself JSON is read as JSON.</summary>
    private static bool IsJson(string? contentType) =>
        string.IsNullOrEmpty(contentType) || (MediaTypeHeaderValue.TryParse(contentType, out var type) && type.MediaType.EndsWith("json", StringComparison.OrdinalIgnoreCase));

    private string? Header(string name) => Http.Request.Headers.TryGetValue(name, out var values) && values.Count > 0 ? values.ToString() : null;
}
