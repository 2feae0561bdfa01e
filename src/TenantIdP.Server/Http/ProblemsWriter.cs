using System.Text.Json;
using Microsoft.AspNetCore.Http;

namespace TenantIdP.Server.Http;

/// <summary>Writes the framework's own problems under <c>/api</c> (validation, unmatched methods, failures) in the shape of <see cref="Problems"/>.</summary>
internal sealed class ProblemsWriter : IProblemDetailsWriter
{
    public bool CanWrite(ProblemDetailsContext context) => context.HttpContext.Request.Path.StartsWithSegments("/api");

    public ValueTask WriteAsync(ProblemDetailsContext context)
    {
        var details = context.ProblemDetails;
        if (details is HttpValidationProblemDetails validation)
        {
            var errors = validation.Errors.ToDictionary(e => CamelCase(e.Key), e => e.Value);
            details = new HttpValidationProblemDetails(errors) { Status = StatusCodes.Status400BadRequest, Detail = EdgeProblems.ValidationFailed.Message };
            details.Extensions[Problems.CodeMember] = EdgeProblems.ValidationFailed.Code;
            if (errors.Keys.FirstOrDefault() is { Length: > 0 } first) details.Extensions[Problems.FieldMember] = first;
        }
        else if (details.Status >= 500)
        {
            details.Detail = null; // whatever it is, it is not for the caller
        }

        return new ValueTask(Problems.WriteAsync(context.HttpContext, details));
    }

    private static string CamelCase(string path) => string.Join('.', path.Split('.').Select(JsonNamingPolicy.CamelCase.ConvertName));
}
