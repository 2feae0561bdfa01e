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
/// what is not made or failed, or in a circle) fail without being given out, and count as errors. Where groups are members of each other, the last steps add the members that were
/// not there when their group was made.
/// </summary>
public sealed class BulkRun
{
    private readonly BulkRequest request;
    private readonly IReadOnlyList<BulkPlace> order;
    private readonly BulkOutcome?[] outcomes;
    private readonly Dictionary<string, string> ids = new(StringComparer.Ordinal);
    private readonly Queue<BulkPlace> completions = new();
    private int next;
    private int errors;
    private bool circlesRefused;

    public BulkRun(BulkRequest request) => (this.request, order, outcomes) = (request, BulkOrder.Of(request.Operations), new BulkOutcome?[request.Count]);

    /// <summary>Whether <c>failOnErrors</c> has ended the run.</summary>
    public bool IsStopped => errors >= request.FailOnErrors;

    public bool TryNext([NotNullWhen(true)] out BulkStep? step)
    {
        step = null;
        while (step is null && !IsStopped && next < order.Count)
        {
            var place = order[next++];
            var operation = request.Operations[place.Index];
            if ((operation.Error ?? Unresolved(operation.References.Except(place.Deferred))) is { } error) End(place.Index, BulkOutcome.Failed(error));
            else step = StepOf(place, operation);
        }

        while (step is null && !IsStopped && completions.TryDequeue(out var place)) step = Completion(place);
        if (step is null) RefuseCircles();
        return step is not null;
    }

    public void Complete(BulkStep step, BulkOutcome outcome)
    {
        if (outcomes[step.Index] is { } made)
        {
            // The group is there, and not all of its members are: no success.
            var whole = outcome.Error is null ? made with { Version = outcome.Version ?? made.Version } : outcome with { Location = made.Location };
            End(step.Index, whole);
            return;
        }

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

    private BulkStep StepOf(BulkPlace place, BulkOperation operation)
    {
        if (place.Deferred.Count > 0) completions.Enqueue(place);
        var id = operation.Id is { } sent && BulkReferences.Is(sent, out var made) ? ids[made] : operation.Id;
        var data = operation.Kind == BulkMethod.Delete ? default
            : operation.References.Count > 0 ? BulkReferences.Replace(operation.Data, ids, place.Deferred)
            : Encoding.UTF8.GetBytes(operation.Data.GetRawText());
        return new BulkStep(place.Index, operation.Kind, operation.Endpoint, id, operation.Version, data);
    }

    /// <summary>The step that adds members to a group that was made without them; null when there is no such group.</summary>
    private BulkStep? Completion(BulkPlace place)
    {
        var operation = request.Operations[place.Index];
        if (outcomes[place.Index] is not { Error: null } made || operation.BulkId is not { } bulkId || !ids.TryGetValue(bulkId, out var id)) return null;
        if (Unresolved(place.Deferred) is not { } error) return new BulkStep(place.Index, BulkMethod.Patch, operation.Endpoint, id, null, BulkReferences.AddMembers(operation.Data, ids, place.Deferred));
        End(place.Index, BulkOutcome.Failed(error) with { Location = made.Location });
        return null;
    }

    private ScimError? Unresolved(IEnumerable<string> references)
    {
        foreach (var reference in references)
        {
            if (!ids.ContainsKey(reference)) return ScimErrors.InvalidValue($"bulkId:{ScimErrors.Quote(reference)[1..^1]}", "no operation of this request has made it.");
        }

        return null;
    }

    private void RefuseCircles()
    {
        if (circlesRefused || order.Count == outcomes.Length) return;
        circlesRefused = true;
        var ordered = order.Select(place => place.Index).ToHashSet();
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
