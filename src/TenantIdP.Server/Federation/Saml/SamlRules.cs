using TenantIdP.Core.Tokens;
using TenantIdP.Saml.Logout;
using TenantIdP.Saml.Responses;

namespace TenantIdP.Server.Federation.Saml;

/// <summary>What the messages of one connection are held to at this moment.</summary>
internal sealed class SamlRules(ServiceProviderKeyCache keys, SamlOptions options, IssuerOptions issuer, TimeProvider clock)
{
    public async Task<ResponseRules> OfAsync(ConnectionSnapshot connection, CancellationToken ct)
    {
        var (settings, addresses) = (connection.Saml!, SamlAddresses.Of(issuer.Issuer, connection.Id)); // a SAML connection has them
        return new ResponseRules
        {
            IdpEntityId = connection.Issuer,
            SigningCertificates = connection.Certificates,
            Audiences = [addresses.EntityId(settings), .. settings.EntityIdAliases],
            AcsUrls = [addresses.Acs, .. connection.AcsAliases],
            Now = clock.GetUtcNow(),
            ClockSkew = options.ClockSkew,
            DecryptionKeys = (await keys.FindAsync(connection.OrganizationId, connection.Id, ct)).Decryption,
            AllowSha1 = settings.AllowSha1,
            AllowAesCbc = settings.AllowAesCbc,
            RequireEncryption = settings.RequireEncryption,
            AllowUnsolicited = settings.IdpInitiatedApp is not null,
            RefuseExpiredCertificates = settings.RefuseExpiredCertificates,
        };
    }

    public LogoutRules LogoutOf(ConnectionSnapshot connection) => new()
    {
        IdpEntityId = connection.Issuer,
        SloUrls = [SamlAddresses.Of(issuer.Issuer, connection.Id).Slo],
        Certificates = connection.Certificates,
        Now = clock.GetUtcNow(),
        Skew = options.ClockSkew,
        AllowSha1 = connection.Saml!.AllowSha1, // a SAML connection has settings
        RefuseExpiredCertificates = connection.Saml.RefuseExpiredCertificates,
    };

    public RequestFacts Of(ConnectionSnapshot connection, StartedSignIn started) =>
        new(started.RequestId ?? "", started.At, started.Fresh, options.ClockSkew, clock.GetUtcNow()) { RequestedContexts = connection.Saml?.RequestedContexts ?? [] };
}
