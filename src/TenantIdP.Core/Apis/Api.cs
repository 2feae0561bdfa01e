using TenantIdP.Core.Kernel;
using TenantIdP.Core.Roles;

namespace TenantIdP.Core.Apis;

/// <summary>A permission an API checks, and the built-in roles that hold it without an operator's doing.</summary>
public sealed record ApiPermission(string Name, IReadOnlyList<string> BuiltInRoles);

/// <summary>A resource server: the audience of access tokens (RFC 8707 <c>resource</c>, RFC 9068 <c>aud</c>).</summary>
public sealed class Api : IHasIdPrefix, IVersioned
{
    private Api(Id<Api> id, string identifier, string displayName, DateTimeOffset createdAt) =>
        (Id, Identifier, DisplayName, CreatedAt, UpdatedAt) = (id, identifier, displayName, createdAt, createdAt);

    public static string IdPrefix => "api";

    public Id<Api> Id { get; private set; }

    /// <summary>An absolute URI without fragment; never changes.</summary>
    public string Identifier { get; private set; }

    public string DisplayName { get; private set; }
    public IReadOnlyList<string> Scopes { get; private set; } = [];
    public IReadOnlyList<ApiPermission> Permissions { get; private set; } = [];

    /// <summary>Seconds an access token for this API lives; null takes the instance's default.</summary>
    public int? AccessTokenSeconds { get; private set; }

    /// <summary>ES256 unless the API can't verify it.</summary>
    public string SigningAlgorithm { get; private set; } = "ES256";

    public DateTimeOffset CreatedAt { get; private set; }
    public DateTimeOffset UpdatedAt { get; private set; }
    public int Version { get; private set; }

    public static Result<Api> Create(string identifier, string displayName, DateTimeOffset now)
    {
        if (identifier is not { Length: > 0 and <= 200 } || !Uri.TryCreate(identifier, UriKind.Absolute, out var uri) || uri.Fragment.Length > 0 || identifier.Any(c => c <= ' ')) return ApiErrors.IdentifierInvalid;
        var name = Kernel.DisplayName.Check(displayName, "displayName");
        return name.IsOk ? new Api(Id<Api>.New(now), identifier, name.Value, now) : name.Error;
    }

    public Result Change(string displayName, IReadOnlyList<string> scopes, IReadOnlyList<ApiPermission> permissions, int? accessTokenSeconds, string signingAlgorithm, DateTimeOffset now)
    {
        var name = Kernel.DisplayName.Check(displayName, "displayName");
        if (!name.IsOk) return name.Error;
        if (permissions.Count > 500 || scopes.Count > 100) return ApiErrors.TooMany;
        if (permissions.FirstOrDefault(p => !Permission.IsValid(p.Name)) is { } bad) return RoleErrors.PermissionInvalid(bad.Name ?? "");
        if (permissions.Any(p => p.BuiltInRoles is null || !p.BuiltInRoles.All(BuiltInRoles.IsBuiltIn))) return ApiErrors.RoleUnknown;
        if (scopes.Any(s => !IsScope(s))) return ApiErrors.ScopeInvalid;
        if (accessTokenSeconds is < 60 or > 86_400) return ApiErrors.LifetimeInvalid;
        if (signingAlgorithm is not ("ES256" or "RS256")) return ApiErrors.AlgorithmInvalid;
        (DisplayName, Scopes, Permissions, AccessTokenSeconds, SigningAlgorithm, UpdatedAt) =
            (name.Value, [.. scopes.Distinct()], [.. permissions.DistinctBy(p => p.Name)], accessTokenSeconds, signingAlgorithm, now);
        return Result.Ok;
    }

    /// <summary>RFC 6749 section 3.3: a scope token has no space, quote or backslash.</summary>
    private static bool IsScope(string? scope) => scope is { Length: > 0 and <= 100 } && scope.All(c => c is > ' ' and <= '~' and not ('"' or '\\'));
}
