using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text;
using System.Text.Json;
using TenantIdP.Scim.Responses;

namespace TenantIdP.Scim.Bulk;

/// <summary>One operation to do, with ids in place of references.</summary>
/// <param name="Index">Its place in the request, from 0.</param>
/// <param name="Endpoint">Such as <c>/Users</c>; of a type that may not exist.</param>
/// <param name="Id">Null for a POST.</param>
/// <param name="Version">To be treated like If-Match; null when none was sent.</param>
/// <param name="Data">The body; empty for a DELETE.</param>
public sealed record BulkStep(int Index, BulkMethod Method, string Endpoint, string? Id, string? Version, ReadOnlyMemory<byte> Data);

/// <summary>How a step ended.</summary>
/// <param name="Id">Of a resource that was made: what other steps refer to.</param>
/// <param name="Location">Absolute.</param>
/// <param name="Version">As <see cref="ETags.Of"/> makes it.</param>
public sealed record BulkOutcome(int Status, string? Id = null, string? Location = null, string? Version = null, ScimError? Error = null)
{
    public static BulkOutcome Failed(ScimError error) => new(error.Status, Error: error);
}

/// <summary>
/// Walks through a bulk request: the caller takes a step, does it, says how it ended, and writes the answer at the end. Steps that can't be done (wrong by themselves, referring to
/// what is not made or failed, or in a circle) fail without being given out, and count as errors.
/// </summary>
public sealed class BulkRun
{
    private readonly BulkRequest request;
    private readonly IReadOnlyList<int> order;
    private readonly BulkOutcome?[] outcomes;
    private readonly Dictionary<string, string> ids = new(StringComparer.Ordinal);
    private int next;
    private int errors;
    private bool circlesRefused;

    public BulkRun(BulkRequest request) => (this.request, order, outcomes) = (request, BulkOrder.Of(request.Operations), new BulkOutcome?[request.Count]);

    /// <summary>Whether <c>failOnErrors</c> has ended the run.</summary>
    public bool IsStopped => errors >= request.FailOnErrors;

    public bool TryNext([NotNullWhen(true)] out BulkStep? step)
    {
        step = null;
        while (!IsStopped && next < order.Count)
        {
            var index = order[next++];
            var operation = request.Operations[index];
            if ((operation.Error ?? Unresolved(operation)) is { } error) End(index, BulkOutcome.Failed(error));
            else
            {
                step = StepOf(index, operation);
                return true;
            }
        }

        RefuseCircles();
        return false;
    }

    public void Complete(BulkStep step, BulkOutcome outcome)
    {
        End(step.Index, outcome);
        if (outcome is { Error: null, Id: { } id } && request.Operations[step.Index].BulkId is { } bulkId) ids[bulkId] = id;
    }

    /// <param name="baseAddress">Of the service, without a slash at its end.</param>
    public void Write(Utf8JsonWriter json, string baseAddress)
    {
        json.WriteStartObject();
        ScimMessages.WriteSchemas(json, ScimUrns.BulkResponse);
        json.WriteStartArray("Operations");
        for (var i = 0; i < outcomes.Length; i++)
        {
            if (outcomes[i] is { } outcome) Write(json, request.Operations[i], outcome, baseAddress);
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static void Write(Utf8JsonWriter json, BulkOperation operation, BulkOutcome outcome, string baseAddress)
    {
        json.WriteStartObject();
        json.WriteString("method", operation.Method);
        if (operation.BulkId is { } bulkId) json.WriteString("bulkId", bulkId);
        if (outcome.Version is { } version) json.WriteString("version", version);
        // Of every operation but a POST that failed (RFC 7644 3.7).
        if ((outcome.Location ?? (operation.Id is { } id ? $"{baseAddress}{operation.Endpoint}/{id}" : null)) is { } location) json.WriteString("location", location);
        json.WriteString("status", outcome.Status.ToString(CultureInfo.InvariantCulture));
        if (outcome.Error is { } error)
        {
            json.WritePropertyName("response");
            ScimMessages.WriteError(json, error);
        }

        json.WriteEndObject();
    }

    private BulkStep StepOf(int index, BulkOperation operation)
    {
        var id = operation.Id is { } sent && BulkReferences.Is(sent, out var made) ? ids[made] : operation.Id;
        var data = operation.Kind == BulkMethod.Delete ? default : operation.References.Count > 0 ? BulkReferences.Replace(operation.Data, ids) : Encoding.UTF8.GetBytes(operation.Data.GetRawText());
        return new BulkStep(index, operation.Kind, operation.Endpoint, id, operation.Version, data);
    }

    private ScimError? Unresolved(BulkOperation operation)
    {
        foreach (var reference in operation.References)
        {
            if (!ids.ContainsKey(reference)) return ScimErrors.InvalidValue($"bulkId:{ScimErrors.Quote(reference)[1..^1]}", "no operation of this request has made it.");
        }

        return null;
    }

    private void RefuseCircles()
    {
        if (circlesRefused || order.Count == outcomes.Length) return;
        circlesRefused = true;
        var ordered = order.ToHashSet();
        for (var i = 0; i < outcomes.Length && !IsStopped; i++)
        {
            if (!ordered.Contains(i)) End(i, BulkOutcome.Failed(ScimErrors.Conflict("Operations refer to each other in a circle, so none of them can be first.")));
        }
    }

    private void End(int index, BulkOutcome outcome)
    {
        outcomes[index] = outcome;
        if (outcome.Error is not null) errors++;
    }
}
