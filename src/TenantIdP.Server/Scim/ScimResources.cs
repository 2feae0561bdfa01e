using TenantIdP.Core.Kernel;
using TenantIdP.Scim;
using TenantIdP.Scim.Lists;
using TenantIdP.Scim.Responses;
using TenantIdP.Scim.Schemas;
using TenantIdP.Scim.Values;

namespace TenantIdP.Server.Scim;

/// <param name="Total">On all pages.</param>
/// <param name="Next">Where the page ends, for a cursor; null on the last page and when paged by index.</param>
internal sealed record ScimPage(long Total, IReadOnlyList<ComplexValue> Resources, string? Next);

/// <summary>
/// What can be done with one type of resource of the directory that was let in (RFC 7644 section 3), whether a request asks for one thing or a bulk request for many. Adding a type is
/// a class like this, registered, and one line in <see cref="ScimEndpoints"/>.
/// </summary>
internal abstract class ScimResources
{
    public abstract ScimResourceType Type { get; }

    /// <param name="shown">What of the resource is answered.</param>
    public abstract Task<ScimAnswer> CreateAsync(ReadOnlyMemory<byte> body, Projection shown, CancellationToken ct);

    public abstract Task<ScimAnswer> FindAsync(string id, string? ifNoneMatch, Projection shown, CancellationToken ct);

    /// <param name="ifMatch">The header, or the version of an operation of a bulk request; null when there is none.</param>
    public abstract Task<ScimAnswer> ReplaceAsync(string id, ReadOnlyMemory<byte> body, string? ifMatch, Projection shown, CancellationToken ct);

    /// <inheritdoc cref="ReplaceAsync"/>
    public abstract Task<ScimAnswer> PatchAsync(string id, ReadOnlyMemory<byte> body, string? ifMatch, Projection shown, CancellationToken ct);

    /// <inheritdoc cref="ReplaceAsync"/>
    public abstract Task<ScimAnswer> DeleteAsync(string id, string? ifMatch, CancellationToken ct);

    public abstract Task<ScimResult<ScimPage>> ListAsync(ListQuery query, CancellationToken ct);

    /// <summary>For a precondition that is judged inside the change.</summary>
    protected static readonly Error Refused = new(ErrorKind.PreconditionFailed, "scim_refused", "The change was refused.");
}
