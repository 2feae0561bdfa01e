namespace TenantIdP.Demo.SamlIdp;

/// <summary>A sign-out on its way: one application after the other is told by Redirect, and the one that asked is answered last.</summary>
internal sealed record LogoutRound(SamlSession? Ended, SamlServiceProvider[] Rest, LogoutRequest? AskedBy)
{
    public static LogoutRound Of(SamlSession? ended, LogoutRequest? askedBy) =>
        new(ended, [.. (ended?.Told ?? []).Where(provider => provider.Slo is not null && provider.EntityId != askedBy?.Issuer)], askedBy);
}
