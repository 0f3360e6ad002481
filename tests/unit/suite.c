#include "suite.h"

int suite_run(Suite *suite)
{
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int nr_failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return nr_failed == 0 ? 0 : 1;
}
