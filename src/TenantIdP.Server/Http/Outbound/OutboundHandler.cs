using System.Diagnostics;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;

namespace TenantIdP.Server.Http.Outbound;

/// <summary>Opens a stream to exactly this endpoint.</summary>
public delegate ValueTask<Stream> OutboundDial(IPEndPoint endpoint, CancellationToken ct);

/// <summary>Makes the one socket handler: it resolves, judges and dials by itself, so that the address dialled is the address judged.</summary>
public static class OutboundHandler
{
    private const int MaxAddressesTried = 4;

    public static SocketsHttpHandler Create(OutboundOptions options, IHostResolver resolver, OutboundDial? dial = null)
    {
        var connect = dial ?? DialAsync;
        return new SocketsHttpHandler
        {
            ConnectCallback = (context, ct) => ConnectAsync(context.DnsEndPoint, options, resolver, connect, ct),
            ConnectTimeout = options.ConnectTimeout,
            UseProxy = false,
            AllowAutoRedirect = false,
            UseCookies = false,
            Credentials = null,
            // No Brotli: its decoder may take 16 MB per answer before a byte of it is counted.
            AutomaticDecompression = DecompressionMethods.GZip | DecompressionMethods.Deflate,
            MaxResponseHeadersLength = 32,
            MaxResponseDrainSize = 0,
            // A pooled connection is not resolved again; this bounds how long a moved host keeps its old address.
            PooledConnectionLifetime = TimeSpan.FromMinutes(2),
            ActivityHeadersPropagator = DistributedContextPropagator.CreateNoOutputPropagator(),
            SslOptions = new SslClientAuthenticationOptions
            {
                // A certificate names URLs of its issuer and revocation list. Fetching those would be a request nobody judged.
                CertificateChainPolicy = new X509ChainPolicy { DisableCertificateDownloads = true, RevocationMode = X509RevocationMode.NoCheck },
            },
        };
    }

    private static async ValueTask<Stream> ConnectAsync(
        DnsEndPoint target, OutboundOptions options, IHostResolver resolver, OutboundDial dial, CancellationToken ct)
    {
        var addresses = await ResolveAsync(target.Host, resolver, ct);
        // One private answer among public ones is an attack on whichever is dialled second.
        foreach (var address in addresses)
        {
            var kind = OutboundAddress.Judge(address);
            if (!options.MayReach(kind, target.Host, target.Port))
                throw new OutboundRefusedException(OutboundRefusal.AddressNotPublic, $"{kind}: {address}");
        }

        var tried = addresses.Take(MaxAddressesTried).ToArray();
        var failures = new List<string>();
        foreach (var address in tried)
        {
            // A share each: one address that swallows packets must not use up the time of the others.
            using var share = CancellationTokenSource.CreateLinkedTokenSource(ct);
            share.CancelAfter(options.ConnectTimeout / tried.Length);
            try
            {
                return await dial(new IPEndPoint(address, target.Port), share.Token);
            }
            catch (SocketException failure)
            {
                failures.Add($"{address}: {failure.SocketErrorCode}");
            }
            catch (OperationCanceledException) when (!ct.IsCancellationRequested)
            {
                failures.Add($"{address}: no answer");
            }
        }

        throw new OutboundRefusedException(OutboundRefusal.Unreachable, string.Join("; ", failures));
    }

    private static async Task<IPAddress[]> ResolveAsync(string host, IHostResolver resolver, CancellationToken ct)
    {
        if (IPAddress.TryParse(host, out var literal))
            return [literal];

        try
        {
            var addresses = await resolver.ResolveAsync(host, ct);
            return addresses.Length > 0 ? addresses : throw new OutboundRefusedException(OutboundRefusal.NameNotResolved, "no address");
        }
        catch (Exception failure) when (failure is SocketException or ArgumentException)
        {
            throw new OutboundRefusedException(OutboundRefusal.NameNotResolved, failure.Message);
        }
    }

    private static async ValueTask<Stream> DialAsync(IPEndPoint endpoint, CancellationToken ct)
    {
        var socket = new Socket(endpoint.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(endpoint, ct);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }
}
