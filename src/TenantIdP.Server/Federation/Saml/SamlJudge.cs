using TenantIdP.Core.SignIn;
using TenantIdP.Saml;
using TenantIdP.Saml.Responses;
using TenantIdP.Saml.Signatures;

namespace TenantIdP.Server.Federation.Saml;

/// <summary>
/// Judges a response by what its connection accepts now. One that is signed by a key which isn't known may be the first of a new key: where the connection has a metadata
/// address, that is read again (seldom, see <see cref="MetadataRefresh"/>) and the response is judged once more.
/// </summary>
internal sealed class SamlJudge(SamlRules rules, MetadataRefresh metadata, ConnectionDirectory connections, TraceRecorder trace)
{
    /// <summary>The checks are in the trace afterwards.</summary>
    public async Task<SamlVerdict<ValidatedResponse>> ValidateAsync(ConnectionSnapshot connection, string encoded, CancellationToken ct)
    {
        var verdict = ResponseValidator.Validate(encoded, await rules.OfAsync(connection, ct));
        if (!verdict.IsOk && verdict.Failure.Rule == SignatureChecks.Value && connection.Saml?.MetadataUrl is not null && await ReadAgainAsync(connection, ct) is { } renewed)
            verdict = ResponseValidator.Validate(encoded, await rules.OfAsync(renewed, ct));
        trace.AddChecks(verdict.Checks);
        return verdict;
    }

    private async Task<ConnectionSnapshot?> ReadAgainAsync(ConnectionSnapshot connection, CancellationToken ct)
    {
        var read = await metadata.TryAsync(connection.OrganizationId, connection.Id, ct);
        trace.Add("response", "metadata_read_again", read.IsOk ? TraceVerdict.Noted : TraceVerdict.Skipped, read.IsOk ? "The signature is by a key that was not known." : read.Error.Code);
        if (!read.IsOk) return null;
        connections.Invalidate(connection.Id);
        return await connections.FindAnyAsync(connection.Id, ct);
    }
}
