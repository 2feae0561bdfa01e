using TenantIdP.Core.Connections;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.SignIn;
using TenantIdP.Core.Tokens;
using TenantIdP.Saml.Metadata;
using TenantIdP.Server.Http;

namespace TenantIdP.Server.Federation.Saml;

/// <summary>What identity providers and browsers call. Unknown, deleted and other kinds of connections look alike.</summary>
internal static class SamlEndpoints
{
    private const string MetadataType = "application/samlmetadata+xml";

    public static void AddSamlSignIn(this IServiceCollection services)
    {
        services.AddScoped<SamlChallenge>();
        services.AddScoped<SamlIdentity>();
        services.AddScoped<AssertionStore>();
        services.AddScoped<SamlParts>();
        services.AddScoped<SamlSignIn>();
    }

    public static void MapSaml(this WebApplication app)
    {
        app.MapGet(SamlPaths.Metadata, MetadataAsync);
        app.MapPost(SamlPaths.Acs, AcsAsync);
        app.MapGet(SamlPaths.Finish, FinishAsync);
    }

    private static async Task MetadataAsync(string connectionId, HttpContext context, ConnectionDirectory connections, ServiceProviderKeyCache keys, IssuerOptions issuer)
    {
        var ct = context.RequestAborted;
        // Drafts too: an admin needs it before anybody can sign in.
        if (await FindAsync(connections, connectionId, ct) is not { Saml: { } settings } connection)
        {
            FederationFinish.Show(context, FailureFacts.From(SignInErrors.ConnectionUnavailable));
            return;
        }

        var (ours, addresses) = (await keys.FindAsync(connection.OrganizationId, connection.Id, ct), SamlAddresses.Of(issuer.Issuer, connection.Id));
        var metadata = new SpMetadata
        {
            EntityId = addresses.EntityId(settings),
            AcsUrls = [addresses.Acs, .. connection.AcsAliases],
            SigningCertificates = ours.PublishedSigning,
            EncryptionCertificates = ours.PublishedEncryption,
            AuthnRequestsSigned = settings.SignRequests,
            NameIdFormats = settings.NameIdFormat is { } format ? [format] : [],
        };
        context.Response.ContentType = MetadataType;
        await context.Response.WriteAsync(SpMetadataWriter.Write(metadata, ours.Signing), ct);
    }

    private static async Task AcsAsync(string connectionId, HttpContext context, ConnectionDirectory connections, SamlSignIn signIn)
    {
        var ct = context.RequestAborted;
        if (await FindAsync(connections, connectionId, ct) is not { Saml: { } settings } connection)
        {
            FederationFinish.Show(context, FailureFacts.From(SignInErrors.ConnectionUnavailable));
        }
        else if (!context.Request.HasFormContentType || (await context.Request.ReadFormAsync(ct))["SAMLResponse"] is not [{ Length: > 0 } encoded])
        {
            FederationFinish.Show(context, FailureFacts.InvalidRequest("This address takes the answers of an identity provider. Start at the application."));
        }
        else if (await signIn.ReceiveAsync(context, connection, settings, encoded, ct) is { } handle)
        {
            FederationFinish.SeeOther(context, $"/sso/saml/{connection.Id}/finish?h={handle}");
        }
    }

    private static async Task FinishAsync(string connectionId, string? h, HttpContext context, ConnectionDirectory connections, SamlSignIn signIn)
    {
        var ct = context.RequestAborted;
        if (h is { Length: > 0 and <= 64 } && await FindAsync(connections, connectionId, ct) is { Saml: { } settings } connection) await signIn.FinishAsync(context, connection, settings, h, ct);
        else FederationFinish.Show(context, FailureFacts.From(SignInErrors.ConnectionUnavailable));
    }

    private static async Task<ConnectionSnapshot?> FindAsync(ConnectionDirectory connections, string id, CancellationToken ct) =>
        Id<Connection>.TryParse(id, out var parsed) ? await connections.FindAnyAsync(parsed, ct) : null;
}
