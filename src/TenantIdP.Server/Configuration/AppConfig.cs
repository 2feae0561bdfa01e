using System.Text.Json.Nodes;
using TenantIdP.Core.Apps;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Organizations;
using TenantIdP.Core.Tokens;
using TenantIdP.Server.Management;

namespace TenantIdP.Server.Configuration;

/// <summary>Apps by their name: the client id is made by each instance. The app that the settings name is the server's own.</summary>
internal sealed class AppConfig(AppService apps) : ConfigKind
{
    public static readonly ConfigSchema Kind = new("apps", "app", DisplayName.Clean,
    [
        new("kind", Shape.Choice(ConfigJson.ToTexts<AppKind>()), PropertyTraits.Required | PropertyTraits.Fixed),
        new("clientSecret", SecretShape.Instance, PropertyTraits.Secret),
        new("redirectUris", Shape.Set),
        new("postLogoutRedirectUris", Shape.Set),
        new("initiateLoginUri", Shape.Text, PropertyTraits.Nullable),
        new("backchannelLogoutUri", Shape.Text, PropertyTraits.Nullable),
        new("backchannelLogoutSessionRequired", Shape.Flag),
        new("allowedOrigins", Shape.Set),
        new("scopes", Shape.Set),
        new("defaultApi", Shape.Text, PropertyTraits.Nullable),
        new("apis", Shape.Set),
        new("requirePkce", Shape.Flag),
        new("requireOrganization", Shape.Flag),
        new("requireConsent", Shape.Flag),
        new("idTokenAlgorithm", Shape.Choice("RS256", "ES256")),
        new("grantTypes", Shape.Set),
        new("accessTokenSeconds", Shape.Number, PropertyTraits.Nullable),
        new("refreshTokenDays", Shape.Number, PropertyTraits.Nullable),
        new("refreshTokenAbsoluteDays", Shape.Number, PropertyTraits.Nullable),
        new("tokenEndpointAuthMethod", Shape.Choice(AppAuthMethods.ClientSecretBasic, AppAuthMethods.ClientSecretPost, AppAuthMethods.None, AppAuthMethods.PrivateKeyJwt), PropertyTraits.Nullable),
        new("jwks", Shape.Whole(new ConfigProperty("keys", Shape.ListOf(Shape.Whole(
            new("kty", Shape.Choice("RSA", "EC")), new("kid", Shape.Text, PropertyTraits.Nullable), new("use", Shape.Text, PropertyTraits.Nullable), new("alg", Shape.Text, PropertyTraits.Nullable),
            new("crv", Shape.Text, PropertyTraits.Nullable), new("n", Shape.Text, PropertyTraits.Nullable), new("e", Shape.Text, PropertyTraits.Nullable),
            new("x", Shape.Text, PropertyTraits.Nullable), new("y", Shape.Text, PropertyTraits.Nullable))))), PropertyTraits.Nullable),
        new("jwksUri", Shape.Text, PropertyTraits.Nullable),
        new("claimMap", Shape.ListOf(
            Shape.Whole(new("claim", Shape.Text), new("from", Shape.Choice(ConfigJson.ToTexts<ClaimSource>())), new("tokens", Shape.Set, PropertyTraits.Nullable)), "claim")),
    ]);

    public override ConfigSchema Schema => Kind;

    public override async Task<IReadOnlyList<ConfigItem>> ReadAsync(Id<Organization> owner, CancellationToken ct) =>
    [
        .. (await ConfigJson.AllAsync(page => apps.ListAsync(page, ct))).Where(a => a.ClientId == a.Id.ToString())
            .Select(a => new ConfigItem(a.DisplayName, ConfigProperties.Canonical(ConfigJson.Of(AppResponse.From(a)), Kind.Properties)) { Id = a.Id.ToString(), Version = a.Version }),
    ];

    public override async Task<Result> CreateAsync(Id<Organization> owner, ConfigEdit edit, CancellationToken ct)
    {
        edit.Patch["displayName"] = edit.Wanted.Key;
        var request = ConfigJson.To<CreateAppRequest>(edit.Patch);
        return request.IsOk ? (await apps.CreateAsync(request.Value.ToNew() with { Secret = edit.Wanted.Secret?.Reveal() }, ct)).WithoutValue() : request.Error;
    }

    public override async Task<Result> UpdateAsync(Id<Organization> owner, ConfigItem seen, ConfigEdit edit, CancellationToken ct)
    {
        var (id, changes) = (Id<App>.Parse(seen.Id, null), ConfigJson.To<AppChanges>(edit.Patch));
        if (!changes.IsOk) return changes.Error;
        if (edit.Patch.Count > 0 && await apps.UpdateAsync(id, changes.Value, seen.Version, ct) is { IsOk: false, Error: { } refused }) return refused;
        return edit.SetsSecret && edit.Wanted.Secret is { } secret ? (await apps.SetSecretAsync(id, secret.Reveal(), ct)).WithoutValue() : Result.Ok;
    }

    public override Task<Result> DeleteAsync(Id<Organization> owner, ConfigItem seen, CancellationToken ct) => apps.DeleteAsync(Id<App>.Parse(seen.Id, null), ct);

    public override Task<bool> HasSecretAsync(Id<Organization> owner, ConfigItem seen, string secret, CancellationToken ct) => apps.HasSecretAsync(Id<App>.Parse(seen.Id, null), secret, ct);

    public override JsonObject ToExport(string owner, ConfigItem seen)
    {
        var values = base.ToExport(owner, seen);
        if (values["kind"]?.GetValue<string>() != "public" && values["tokenEndpointAuthMethod"]?.GetValue<string>() != AppAuthMethods.PrivateKeyJwt) values["clientSecret"] = SecretSource.Generate("app", seen.Key);
        return values;
    }
}
