using TenantIdP.Core.Connections;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.SignIn;
using TenantIdP.Core.Tokens;
using TenantIdP.Saml.Bindings;
using TenantIdP.Saml.Logout;
using TenantIdP.Saml.Metadata;
using TenantIdP.Server.Http;

namespace TenantIdP.Server.Federation.Saml;

/// <summary>The addresses of ours that SAML identity providers know, and the one that a browser is sent on to.</summary>
internal static class SamlEndpoints
{
    private const string Root = "/sso/saml/{connectionId}";
    private const string RequestField = "SAMLRequest";
    private const string ResponseField = "SAMLResponse";
    private const string RelayField = "RelayState";
    private const int LongestRelayState = 2048;

    public static void MapSaml(this WebApplication app)
    {
        app.MapPost($"{Root}/acs", ReceiveAsync);
        app.MapGet($"{Root}/finish", FinishAsync);
        app.MapGet($"{Root}/metadata", DescribeAsync);
        app.MapMethods($"{Root}/slo", [HttpMethods.Get, HttpMethods.Post], LogoutAsync);
        app.MapGet(FederationPaths.SignOutTemplate, (string? h, HttpContext context, SamlSignOut signOut) => signOut.ContinueAsync(context, h, context.RequestAborted));
    }

    private static async Task ReceiveAsync(string connectionId, HttpContext context, ConnectionDirectory connections, SamlReceiver receiver)
    {
        var ct = context.RequestAborted;
        // Read by RequestShape already. RelayState is not looked at: it never says where to go.
        string? encoded = context.Request.HasFormContentType ? (await context.Request.ReadFormAsync(ct))[ResponseField] : default(string);
        if (string.IsNullOrEmpty(encoded)) FederationFinish.Show(context, FailureFacts.InvalidRequest("There is no SAML response in this form."));
        else if (await FindAsync(connectionId, context, connections) is { } connection) await receiver.ReceiveAsync(context, connection, encoded, ct);
    }

    private static async Task FinishAsync(string connectionId, string? h, HttpContext context, ConnectionDirectory connections, SamlFinish finish)
    {
        if (await FindAsync(connectionId, context, connections) is { } connection) await finish.FinishAsync(context, connection, h, context.RequestAborted);
    }

    /// <summary>Requests and answers, in an address or in a form: a signature of an address is over the query as it came.</summary>
    private static async Task LogoutAsync(string connectionId, HttpContext context, ConnectionDirectory connections, SamlLogoutReceiver receiver)
    {
        var ct = context.RequestAborted;
        var sent = context.Request.HasFormContentType ? await context.Request.ReadFormAsync(ct) : null;
        string? Field(string name) => sent is null ? context.Request.Query[name] : sent[name];
        var (request, response) = (Field(RequestField), Field(ResponseField));
        if (string.IsNullOrEmpty(request) == string.IsNullOrEmpty(response)) FederationFinish.Show(context, FailureFacts.InvalidRequest("There is no SAML message in this request."));
        else if (await FindAsync(connectionId, context, connections) is { } connection)
        {
            var read = sent is null ? LogoutMessage.FromRedirect(context.Request.QueryString.Value ?? "") : LogoutMessage.FromPost(request ?? response ?? "");
            var relayState = sent is null ? read.Value?.RelayState : Field(RelayField) is { Length: <= LongestRelayState } state ? state : null;
            await receiver.ReceiveAsync(context, connection, request is { Length: > 0 } ? SamlParameter.Request : SamlParameter.Response, read, relayState, ct);
        }
    }

    private static async Task DescribeAsync(string connectionId, HttpContext context, ConnectionDirectory connections, ServiceProviderKeyCache keys, IssuerOptions issuer)
    {
        if (await FindAsync(connectionId, context, connections) is not { Saml: { } settings } connection) return;
        var (set, addresses) = (await keys.FindAsync(connection.OrganizationId, connection.Id, context.RequestAborted), SamlAddresses.Of(issuer.Issuer, connection.Id));
        var metadata = new SpMetadata
        {
            EntityId = addresses.EntityId(settings), AcsUrls = [addresses.Acs, .. connection.AcsAliases], SloUrls = [addresses.Slo],
            SigningCertificates = set.PublishedSigning, EncryptionCertificates = set.PublishedEncryption,
            AuthnRequestsSigned = settings.SignRequests, NameIdFormats = settings.NameIdFormat is { } format ? [format] : [],
        };
        context.Response.ContentType = "application/samlmetadata+xml";
        await context.Response.WriteAsync(SpMetadataWriter.Write(metadata, set.Signing), context.RequestAborted);
    }

    /// <summary>Of any status: a test goes through a draft, and its admin needs the metadata before anybody signs in. Unknown and of another kind look alike.</summary>
    private static async Task<ConnectionSnapshot?> FindAsync(string connectionId, HttpContext context, ConnectionDirectory connections)
    {
        if (Id<Connection>.TryParse(connectionId, out var id) && await connections.FindAnyAsync(id, context.RequestAborted) is { Kind: ConnectionKind.Saml, Saml: not null, OrganizationIsActive: true } connection)
            return connection;
        FederationFinish.Show(context, FailureFacts.From(SignInErrors.ConnectionUnavailable));
        return null;
    }
}
