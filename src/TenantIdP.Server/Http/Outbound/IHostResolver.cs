using System.Net;

namespace TenantIdP.Server.Http.Outbound;

/// <summary>Port to the DNS: all addresses of a name, or a SocketException.</summary>
public interface IHostResolver
{
    Task<IPAddress[]> ResolveAsync(string host, CancellationToken ct);
}
