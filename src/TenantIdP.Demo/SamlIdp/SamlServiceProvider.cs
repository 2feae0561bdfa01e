using TenantIdP.Demo.Idp;

namespace TenantIdP.Demo.SamlIdp;

/// <summary>An application that asked for a sign-in from a registered address.</summary>
internal sealed record SamlServiceProvider(string EntityId, Uri Acs, Uri? Slo)
{
    public static SamlServiceProvider? At(string entityId, string? acs, DemoSamlIdpOptions options) =>
        Uri.TryCreate(acs, UriKind.Absolute, out var address) && RedirectPattern.MatchesAny(options.AcsPatterns, address)
            ? new(entityId, address, RedirectPattern.Counterpart(options.AcsPatterns, address, options.SloPatterns))
            : null;
}
