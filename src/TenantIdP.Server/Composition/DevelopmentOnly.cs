using TenantIdP.Core.Instance;

namespace TenantIdP.Server.Composition;

/// <summary>What development leaves behind must never carry a production server.</summary>
internal static class DevelopmentOnly
{
    private const string CertificateFolder = "certs-dev";

    public static void Check(IConfiguration configuration, IHostEnvironment environment)
    {
        if (environment.IsDevelopment()) return;
        var certificate = configuration.GetSection("Kestrel").AsEnumerable()
            .FirstOrDefault(setting => setting.Value?.Replace('\\', '/').Split('/').Contains(CertificateFolder, StringComparer.OrdinalIgnoreCase) ?? false);
        if (certificate.Key is { } key) throw new StartupException($"{key} names a certificate of {CertificateFolder}/, which is for development. Give your own.");
    }
}
