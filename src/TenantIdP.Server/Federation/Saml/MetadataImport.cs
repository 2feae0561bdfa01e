using TenantIdP.Core.Connections;
using TenantIdP.Core.Kernel;
using TenantIdP.Saml.Metadata;

namespace TenantIdP.Server.Federation.Saml;

/// <summary>From what the kernel reads in metadata to what a connection takes from it.</summary>
internal static class MetadataImport
{
    public static Result<ImportedMetadata> Read(string xml, string? entityId, DateTimeOffset now, bool allowHttp)
    {
        var read = IdpMetadataReader.Read(xml, entityId, now, allowHttp);
        if (!read.IsOk)
        {
            var error = read.Failure.Rule == MetadataChecks.Entity ? SamlErrors.MetadataEntityUnknown : SamlErrors.MetadataInvalid;
            return error with { Message = $"{read.Failure.Seen} {read.Failure.Rule.Fix}" };
        }

        var idp = read.Value;
        return new ImportedMetadata(idp.EntityId, Endpoints(idp.SsoRedirectUrl, idp.SsoPostUrl), [.. idp.SigningCertificates.Select(c => c.ToFacts())])
        {
            Slo = Endpoints(idp.SloRedirectUrl, idp.SloPostUrl) is [var first, ..] ? first : null,
            SloResponseUrl = idp.SloResponseUrl,
            WantsSignedRequests = idp.WantAuthnRequestsSigned,
        };
    }

    private static SamlEndpoint[] Endpoints(string? redirect, string? post) =>
        [.. new[] { (Url: redirect, Binding: SamlBinding.Redirect), (Url: post, Binding: SamlBinding.Post) }.Where(e => e.Url is not null).Select(e => new SamlEndpoint(e.Url!, e.Binding))]; // filtered
}
