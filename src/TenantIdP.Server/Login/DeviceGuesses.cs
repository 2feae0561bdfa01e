using System.Net;
using TenantIdP.Core.Instance;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Sessions;
using TenantIdP.Core.SignIn;

namespace TenantIdP.Server.Login;

/// <summary>
/// How many wrong codes of devices a network and a signed-in browser may try, on all nodes together (RFC 8628 section 5.1). A try is counted before the code is looked up, so
/// that many at once get no more answers than the limit; the right code is given back.
/// </summary>
internal sealed class DeviceGuesses(Tallies tallies)
{
    public const int OfNetwork = 20;
    public const int OfSession = 5;

    private static readonly TimeSpan Window = TimeSpan.FromMinutes(10);

    public Task<bool> TakeAsync(IPAddress? address, Id<Session>? session, CancellationToken ct) => tallies.TakeAsync(Limits(address, session), ct);

    public Task WasRightAsync(IPAddress? address, Id<Session>? session, CancellationToken ct) => tallies.GiveBackAsync(Limits(address, session), ct);

    private static TallyLimit[] Limits(IPAddress? address, Id<Session>? session)
    {
        var network = new TallyLimit($"device_code {PasswordThrottle.SourceOf(address)}", OfNetwork, Window);
        return session is { } id ? [network, new TallyLimit($"device_code {id}", OfSession, Window)] : [network];
    }
}
