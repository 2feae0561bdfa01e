using TenantIdP.Core.Kernel;

namespace TenantIdP.Core.Apps;

/// <summary>The rules of an app's settings, the same whichever engine stores it.</summary>
public static class AppRules
{
    /// <param name="allowInsecure">Plain http on loopback; true only where the instance itself runs that way in Development.</param>
    public static Result Check(App app, bool allowInsecure)
    {
        var name = DisplayName.Check(app.DisplayName, "displayName");
        if (!name.IsOk) return name.Error;
        if (!AreGrantTypes(app)) return AppErrors.GrantTypesInvalid;
        if (app.GrantTypes.Contains(AppGrantTypes.AuthorizationCode) && app.RedirectUris.Count == 0) return AppErrors.RedirectUriRequired;
        if (app.RedirectUris.Count > 50 || app.RedirectUris.Any(uri => !IsRedirect(uri, app.Kind, allowInsecure))) return AppErrors.RedirectUriInvalid;
        if (app.PostLogoutRedirectUris.Count > 50 || app.PostLogoutRedirectUris.Any(uri => !IsRedirect(uri, app.Kind, allowInsecure)))
            return AppErrors.RedirectUriInvalid with { Field = "postLogoutRedirectUris" };
        if (app.InitiateLoginUri is { } initiate && !IsRedirect(initiate, AppKind.Web, allowInsecure)) return AppErrors.RedirectUriInvalid with { Field = "initiateLoginUri" };
        if (app.BackchannelLogoutUri is { } logout && !IsRedirect(logout, AppKind.Web, allowInsecure)) return AppErrors.RedirectUriInvalid with { Field = "backchannelLogoutUri" };
        var authentication = AppAuthMethods.Check(app, address => IsRedirect(address, AppKind.Web, allowInsecure));
        if (!authentication.IsOk) return authentication;
        if (app.AllowedOrigins.Count > 50 || app.AllowedOrigins.Any(origin => !IsOrigin(origin, allowInsecure))) return AppErrors.OriginInvalid;
        if (app.Kind == AppKind.Public && !app.RequirePkce) return AppErrors.PkceRequired;
        if (app.Scopes.Count > 100 || app.Scopes.Any(s => s is not { Length: > 0 and <= 100 } || s.Any(c => c is <= ' ' or > '~' or '"' or '\\'))) return AppErrors.ScopeInvalid;
        if (app.AccessTokenSeconds is < 60 or > 86_400) return AppErrors.AccessLifetimeInvalid;
        if (app.RefreshTokenDays is < 1 or > 365) return AppErrors.RefreshLifetimeInvalid;
        if (app.RefreshTokenAbsoluteDays is < 1 or > 730) return AppErrors.RefreshLifetimeInvalid with { Field = "refreshTokenAbsoluteDays" };
        var map = Tokens.ClaimMap.Check(app.ClaimMap);
        if (!map.IsOk) return map;
        return app.IdTokenAlgorithm is "RS256" or "ES256" ? Result.Ok : AppErrors.AlgorithmInvalid;
    }

    private static bool AreGrantTypes(App app) =>
        app.GrantTypes.Count > 0 && app.GrantTypes.Distinct().Count() == app.GrantTypes.Count && app.GrantTypes.All(AppGrantTypes.Possible(app.Kind).Contains)
            && (!app.GrantTypes.Contains(AppGrantTypes.RefreshToken) || app.GrantTypes.Contains(AppGrantTypes.AuthorizationCode) || app.GrantTypes.Contains(AppGrantTypes.DeviceCode));

    private static bool IsRedirect(string? text, AppKind kind, bool allowInsecure)
    {
        if (text is not { Length: > 0 and <= 1_000 } || text.Any(c => c is <= ' ' or > '~' or '*' or '\\' or '#') || !Uri.TryCreate(text, UriKind.Absolute, out var uri)) return false;
        if (uri.UserInfo.Length > 0 || uri.Fragment.Length > 0) return false;
        return uri.Scheme switch
        {
            "https" => true,
            "http" => uri.IsLoopback && (allowInsecure || kind == AppKind.Public),
            // RFC 8252 section 7.1: a private-use scheme is a reverse domain name, so it has a dot; this keeps javascript: and data: out.
            _ => kind == AppKind.Public && uri.Scheme.Contains('.', StringComparison.Ordinal),
        };
    }

    private static bool IsOrigin(string? text, bool allowInsecure) =>
        text is { Length: > 0 and <= 300 } && Uri.TryCreate(text, UriKind.Absolute, out var uri) && uri.GetLeftPart(UriPartial.Authority) == text
            && (uri.Scheme == "https" || (uri.Scheme == "http" && uri.IsLoopback && allowInsecure));
}
